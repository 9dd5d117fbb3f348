#!/usr/bin/env python3
"""Sheets of pictures with a model's captions, for somebody who judges them, and the file of judgements made from the verdicts.

    ./run trainer calibrate --dry-run --bundle BUNDLE --dataset DATASETS/flickr8k DATASETS/everyday --captions captions.jsonl
    models/judge.py sheets captions.jsonl sheets
    models/judge.py join captions.jsonl verdicts*.tsv > judgements.tsv

Where some captions were judged before, for an earlier model that said the same, only the others need be looked at, and all
verdicts go into one file:

    models/judge.py unjudged captions.jsonl models/judged/dev.tsv > new.jsonl
    models/judge.py merge models/judged/dev.tsv judgements.tsv > all.tsv

`sheets` writes pictures of 20 captions each, in an order drawn at random, so that no sheet is of one kind; before each caption
stands its number. Whoever judges writes lines `number<TAB>verdict`, with 3, 2, 1 or 0:

3  right: who or what it is about, and what that does or where it is, are right, in a sentence that is easily understood.
   Colours of clothes, a count of many, near synonyms, sex that is hard to tell and what is left out do not matter.
2  passes: what it is about is right and the scene is fairly told, but one small thing is off: an odd wording ("sits on a table"
   for at a table), a verb (running for standing), a small thing that is not there, a place told loosely (water for shore), a
   boy for a man, one for two.
1  misleads: about half is right: another scene, deed or main thing, a second person or animal that is not there, or the wrong
   subject in the right scene.
0  wrong: neither what it is about nor the scene is right, or something is told that is quite untrue.

Where several judges looked at a caption, the verdict in the middle counts; of two that differ, the stricter one.

`sheets` needs Pillow.
"""

import collections
import json
import pathlib
import random
import statistics
import sys

VERDICTS = {"3": "right", "2": "passes", "1": "misleads", "0": "wrong"}
COLUMNS, ROWS = 5, 4
WIDTH, HEIGHT, PICTURE = 320, 400, 312
LINE, LINES = 19, 4
SEED = 12


def captions(file):
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def wrapped(draw, font, text):
    lines = [""]
    for word in text.split():
        if draw.textlength(f"{lines[-1]} {word}", font=font) > WIDTH - 10:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:LINES]


def sheets(file, folder):
    from PIL import Image, ImageDraw, ImageFont

    entries, folder = captions(file), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    order = list(range(len(entries)))
    random.Random(SEED).shuffle(order)
    font = ImageFont.load_default(size=16)
    count = COLUMNS * ROWS
    for first in range(0, len(order), count):
        sheet = Image.new("RGB", (COLUMNS * WIDTH, ROWS * HEIGHT), "white")
        draw = ImageDraw.Draw(sheet)
        for place, number in enumerate(order[first : first + count]):
            left, top = place % COLUMNS * WIDTH, place // COLUMNS * HEIGHT
            with Image.open(entries[number]["file"]) as picture:
                sheet.paste(picture.convert("RGB").resize((PICTURE, PICTURE)), (left + 4, top + 4))
            for at, line in enumerate(wrapped(draw, font, f"{number}: {entries[number]['caption']}")):
                draw.text((left + 4, top + PICTURE + 7 + at * LINE), line, fill="black", font=font)
        sheet.save(folder / f"{first // count:02}.png")


def join(file, *verdicts):
    entries, judged = captions(file), collections.defaultdict(list)
    for name in verdicts:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                number, verdict = line.split()
                if verdict not in VERDICTS:
                    sys.exit(f"{name}: {verdict} of caption {number} is none of {', '.join(VERDICTS)}")
                judged[int(number)].append(verdict)
    for number, entry in enumerate(entries):
        if number in judged:
            verdict = VERDICTS[statistics.median_low(judged[number])]
            print(pathlib.PurePath(entry["file"]).name, entry["caption"], verdict, sep="\t")


def judgements(*files):
    """Verdicts as numbers, by picture and caption."""
    numbers, judged = {word: number for number, word in VERDICTS.items()}, collections.defaultdict(list)
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    picture, caption, verdict = line.rstrip("\n").split("\t")
                    judged[picture, caption].append(numbers[verdict])
    return judged


def unjudged(file, *judged):
    known = judgements(*judged)
    for entry in captions(file):
        if (pathlib.PurePath(entry["file"]).name, entry["caption"]) not in known:
            print(json.dumps({"file": entry["file"], "caption": entry["caption"]}))


def merge(*judged):
    for (picture, caption), verdicts in sorted(judgements(*judged).items()):
        print(picture, caption, VERDICTS[statistics.median_low(verdicts)], sep="\t")


if __name__ == "__main__":
    commands = {"sheets": sheets, "join": join, "unjudged": unjudged, "merge": merge}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
