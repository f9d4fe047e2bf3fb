"""Label Studio's own SDK checks tasks and predictions against the labelling set-up; pictures as a browser shows them."""

import json
import os
import sys
from urllib.parse import unquote

from label_studio_sdk.label_interface import LabelInterface
from picture import found, print_result, upright

out = sys.argv[1]
with open(os.path.join(out, "label_config.xml")) as file:
    interface = LabelInterface(file.read())
with open(os.path.join(out, "annotations.json")) as file:
    tasks = json.load(file)
boxes = []
for task in tasks:
    assert interface.validate_task({"data": task["data"]})
    [prediction] = task["predictions"]
    problems = interface.validate_prediction(prediction, return_errors=True)
    assert problems == [], problems
    name = unquote(task["data"]["image"].removeprefix("/data/local-files/?d="))
    image = upright(os.path.join(out, name))
    for result in prediction["result"]:
        if result["type"] == "labels":
            value = result["value"]
            units = task["data"]["caption"].encode("utf-16-le")[2 * value["start"] : 2 * value["end"]]
            assert units.decode("utf-16-le") == value["text"]
        if result["type"] != "rectanglelabels":
            continue
        assert image.size == (result["original_width"], result["original_height"])
        value = result["value"]
        x, y, w, h = (value[key] / 100 for key in ("x", "y", "width", "height"))
        corners = [x * image.width, y * image.height, (x + w) * image.width, (y + h) * image.height]
        boxes.append(found(name.removeprefix("images/"), image, value["rectanglelabels"][0], corners, result.get("score")))
print_result(boxes)
