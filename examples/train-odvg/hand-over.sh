#!/bin/sh -e
groundline generate captions.jsonl --out results --backend gemini
groundline export results --to odvg --out odvg --split train=0.9,val=0.1 --copy-images --min-score 0.3
groundline export results --to coco --out coco --split train=0.9,val=0.1 --copy-images --min-score 0.3 --first-category-id 0
tao model grounding_dino train -e train.yaml results_dir=trained
