"""TAO Grounding DINO's loading rules in grounding mode: no label map, no caption, phrases once each, EXIF applied, regions needed."""

import json
import os
import sys

from picture import found, print_result, upright

out = sys.argv[1]
boxes = []
texts = []
with open(os.path.join(out, "annotations.jsonl")) as lines:
    for line in lines:
        meta = json.loads(line)
        image = upright(os.path.join(out, "images", meta["file_name"]))
        assert image.size == (meta["width"], meta["height"]), meta["file_name"]
        regions = meta["grounding"]["regions"]
        corners, phrases = zip(*[(region["bbox"], region["phrase"]) for region in regions])  # fails without regions, as TAO's does
        texts.append(" . ".join(dict.fromkeys(phrases)) + " .")
        for (x1, y1, x2, y2), phrase in zip(corners, phrases):
            clamped = [max(0, x1), max(0, y1), min(image.width, x2), min(image.height, y2)]
            assert clamped[2] > clamped[0] and clamped[3] > clamped[1]
            boxes.append(found(meta["file_name"], image, phrase, clamped))
print_result(boxes, texts=texts)
