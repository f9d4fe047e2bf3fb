"""FiftyOne's own importer, without its database; pictures as its app shows them."""

import os
import sys

os.environ["FIFTYONE_DISABLE_SERVICES"] = "1"
os.environ["FIFTYONE_DO_NOT_TRACK"] = "1"

import fiftyone.utils.data.importers as importers  # noqa: E402
from picture import found, print_result, upright  # noqa: E402

out = sys.argv[1]
importer = importers._handle_legacy_formats(importers.FiftyOneDatasetImporter(out))
boxes = []
with importer:
    for sample in importer:
        image = upright(sample.filepath)
        assert image.size == (sample.metadata.width, sample.metadata.height)
        for detection in sample.grounding.detections:
            start, end = detection.char_span
            assert sample.caption[start:end] == detection.phrase
            x, y, w, h = detection.bounding_box
            corners = [x * image.width, y * image.height, (x + w) * image.width, (y + h) * image.height]
            name = os.path.relpath(sample.filepath, os.path.join(out, "data"))
            boxes.append(found(name, image, detection.label, corners, detection.confidence))
print_result(boxes, classes=importer.get_dataset_info()["classes"])
