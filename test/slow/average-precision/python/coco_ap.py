"""Prints COCO's AP, AP50 and AP75 of the boxes in two files of COCO's form, to the last digit."""

import contextlib
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

truth, found = sys.argv[1:]
with contextlib.redirect_stdout(sys.stderr):
    coco = COCO(truth)
    evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
print(json.dumps({"ap": evaluation.stats[0], "ap50": evaluation.stats[1], "ap75": evaluation.stats[2]}))
