"""LLaVA's trainer: a JSON list, one image mark in the first turn, pictures by Image.open alone; boxes on a scale of 0 to 1000."""

import json
import os
import sys

from picture import as_stored, found, print_result

out = sys.argv[1]
with open(os.path.join(out, "annotations.json")) as file:
    conversations = json.load(file)
boxes = []
for conversation in conversations:
    question, answer = conversation["conversations"]
    assert (question["from"], answer["from"]) == ("human", "gpt") and question["value"].count("<image>") == 1
    image = as_stored(os.path.join(out, "images", conversation["image"]))
    for thing in json.loads(answer["value"].strip().removeprefix("```json").removesuffix("```")):
        x1, y1, x2, y2 = (value / 1000 for value in thing["bbox_2d"])
        corners = [x1 * image.width, y1 * image.height, x2 * image.width, y2 * image.height]
        boxes.append(found(conversation["image"], image, thing["label"], corners))
print_result(boxes, ids=[conversation["id"] for conversation in conversations])
