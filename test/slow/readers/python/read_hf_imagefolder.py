"""Hugging Face datasets' imagefolder, images as its Image feature decodes them."""

import sys

from datasets import load_dataset
from picture import found, print_result

out = sys.argv[1]
data = load_dataset("imagefolder", data_dir=out, split="train")
boxes = []
for row in data:
    image = row["image"]
    assert image.size == (row["width"], row["height"])
    things = row["objects"]
    for (x, y, w, h), label, phrase, span, score in zip(*(things[key] for key in ("bbox", "categories", "phrases", "spans", "scores"))):
        start, end = span
        assert row["caption"][start:end] == phrase
        boxes.append(found(row["image_id"], image, label, [x, y, x + w, y + h], score))
print_result(boxes, rows=len(data), columns=data.column_names)
