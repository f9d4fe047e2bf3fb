"""Ultralytics' rules: labels next to images by path, five columns within 0 and 1, classes below the count, no line twice, sizes after EXIF."""

import os
import sys

import yaml
from picture import found, print_result, upright

out = sys.argv[1]
with open(os.path.join(out, "data.yaml")) as file:
    data = yaml.safe_load(file)
assert {"train", "val", "names"} <= data.keys()
names = {int(key): str(name) for key, name in data["names"].items()}
assert list(names) == list(range(len(names)))
boxes = []
for folder, _, files in sorted(os.walk(os.path.join(out, data["train"]))):
    for name in sorted(files):
        path = os.path.join(folder, name)
        head, tail = path.rsplit(f"{os.sep}images{os.sep}", 1)
        image = upright(path)
        with open(os.path.join(head, "labels", os.path.splitext(tail)[0] + ".txt")) as labels:
            lines = [line.split() for line in labels.read().strip().splitlines()]
        assert len(lines) == len({tuple(line) for line in lines})
        for line in lines:
            assert len(line) == 5
            label, (x, y, w, h) = int(line[0]), map(float, line[1:])
            assert label < len(names) and all(0 <= value <= 1 for value in (x, y, w, h))
            corners = [(x - w / 2) * image.width, (y - h / 2) * image.height, (x + w / 2) * image.width, (y + h / 2) * image.height]
            boxes.append(found(os.path.relpath(path, os.path.join(out, data["train"])), image, names[label], corners))
print_result(boxes)
