"""MMDetection's rules for grounding lines: bbox or a list of them, tokens_positive into the lower-cased, stripped caption, EXIF applied."""

import json
import os
import sys

from picture import found, print_result, upright

out = sys.argv[1]
boxes = []
with open(os.path.join(out, "annotations.jsonl")) as lines:
    for line in lines:
        data = json.loads(line)
        image = upright(os.path.join(out, "images", data["filename"]))
        assert image.size == (data["width"], data["height"]), data["filename"]
        text = data["grounding"]["caption"].lower().strip()
        for region in data["grounding"]["regions"]:
            corners = region["bbox"] if isinstance(region["bbox"][0], list) else [region["bbox"]]
            spanned = " ".join(text[start:end] for start, end in region["tokens_positive"])
            assert spanned == region["phrase"].lower(), (spanned, region["phrase"])
            for x1, y1, x2, y2 in corners:
                assert x2 - x1 >= 1 and y2 - y1 >= 1
                boxes.append(found(data["filename"], image, region["phrase"], [x1, y1, x2, y2]))
print_result(boxes)
