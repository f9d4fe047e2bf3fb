"""Pascal VOC by its XML: JPEGImages/<name>.jpg opened as torchvision does, corners counted from 1 and part of the box."""

import os
import sys
import xml.etree.ElementTree as ElementTree

from picture import as_stored, found, print_result

out = sys.argv[1]
with open(os.path.join(out, "ImageSets", "Main", "train.txt")) as file:
    stems = [line.strip() for line in file]
boxes = []
for stem in stems:
    root = ElementTree.parse(os.path.join(out, "Annotations", f"{stem}.xml")).getroot()
    path = os.path.join(out, "JPEGImages", f"{stem}.jpg")
    assert root.findtext("filename") == f"{stem}.jpg"
    image = as_stored(path)
    assert image.size == (int(root.findtext("size/width")), int(root.findtext("size/height")))
    for thing in root.iter("object"):
        x1, y1, x2, y2 = (int(thing.findtext(f"bndbox/{corner}")) for corner in ("xmin", "ymin", "xmax", "ymax"))
        assert 1 <= x1 <= x2 <= image.width and 1 <= y1 <= y2 <= image.height
        boxes.append(found(stem, image, thing.findtext("name"), [x1 - 1, y1 - 1, x2, y2]))
print_result(boxes)
