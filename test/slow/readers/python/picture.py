"""Pictures the way a loader opens them, and the one red thing in the test pictures."""

import json

from PIL import Image, ImageOps


def as_stored(path):
    """What Image.open alone gives: torchvision, LLaVA."""
    return Image.open(path).convert("RGB")


def upright(path):
    """EXIF orientation applied: TAO, MMDetection, OpenCV, browsers."""
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def red_box(image):
    red, green, _ = image.convert("RGB").split()
    mask = Image.eval(red, lambda v: 255 if v >= 160 else 0)
    other = Image.eval(green, lambda v: 255 if v <= 60 else 0)
    both = Image.composite(mask, Image.new("L", image.size, 0), other)
    return list(both.getbbox())


def found(name, image, label, box, score=None):
    return {"image": name, "label": label, "box": [float(v) for v in box], "score": score, "red": red_box(image), "size": list(image.size)}


def print_result(boxes, **more):
    print(json.dumps({"boxes": boxes, **more}))
