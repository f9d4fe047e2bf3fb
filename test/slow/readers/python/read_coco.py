"""pycocotools reads and indexes the file; pictures as torchvision's CocoDetection opens them. Scored against itself, it is perfect."""

import contextlib
import os
import sys

from picture import as_stored, found, print_result
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

out = sys.argv[1]
with contextlib.redirect_stdout(sys.stderr):
    coco = COCO(os.path.join(out, "annotations.json"))
    annotations = coco.loadAnns(coco.getAnnIds())
    detections = [{"score": 1.0, **annotation} for annotation in annotations]
    evaluation = COCOeval(coco, coco.loadRes(detections), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()

assert sorted(coco.getCatIds()) == list(range(1, len(coco.getCatIds()) + 1))
assert sorted(coco.getImgIds()) == list(range(1, len(coco.getImgIds()) + 1))
boxes = []
for annotation in annotations:
    entry = coco.loadImgs(annotation["image_id"])[0]
    image = as_stored(os.path.join(out, "images", entry["file_name"]))
    assert image.size == (entry["width"], entry["height"]), entry["file_name"]
    if "tokens_positive" in annotation:
        [[start, end]] = annotation["tokens_positive"]
        assert entry["caption"][start:end] == annotation["phrase"]
    x, y, width, height = annotation["bbox"]
    label = coco.loadCats(annotation["category_id"])[0]["name"]
    boxes.append(found(entry["file_name"], image, label, [x, y, x + width, y + height], annotation.get("score")))
print_result(boxes, ap=float(evaluation.stats[0]))
