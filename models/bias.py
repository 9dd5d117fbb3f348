#!/usr/bin/env python3
"""How captions name people's sex, beside how those who wrote captions of the same pictures name it.

    ./run trainer calibrate --dry-run --bundle BUNDLE --dataset DATASETS/flickr8k DATASETS/everyday --captions judged.jsonl
    models/bias.py judged.jsonl

A picture counts as one of a man where some reference says so and none names a woman, and the other way round. Contexts are
words of the references, so that what is asked is: where people see a woman on a bicycle, does the model say "man"?
"""

import collections
import json
import re
import sys

MAN = {"man", "men", "boy", "boys", "guy", "guys", "male", "gentleman", "father", "his", "he"}
WOMAN = {"woman", "women", "girl", "girls", "lady", "ladies", "female", "mother", "her", "she"}
CONTEXTS = {
    "all": None,
    "children": {"child", "children", "boy", "boys", "girl", "girls", "kid", "kids", "baby", "toddler"},
    "ball games": {"ball", "soccer", "football", "basketball", "baseball", "tennis", "volleyball", "racket", "bat"},
    "bicycle, motorbike, skateboard": {"bike", "bicycle", "motorcycle", "skateboard", "skateboarder", "cyclist", "biker"},
    "water": {"water", "swimming", "pool", "wave", "surfboard", "surfer", "beach", "ocean", "lake"},
    "snow, rock": {"snow", "ski", "skis", "skier", "snowboard", "rock", "climbing", "mountain"},
    "street": {"street", "sidewalk", "city", "road"},
    "kitchen, table, food": {"kitchen", "table", "food", "eating", "plate", "cooking", "cake", "pizza"},
    "phone, computer": {"phone", "cellphone", "laptop", "computer"},
    "dress, hair": {"dress", "skirt", "hair", "makeup"},
}


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def named(text_words):
    """man, woman, both or neither."""
    found = ("man" if MAN & text_words else "") + ("woman" if WOMAN & text_words else "")
    return {"man": "man", "woman": "woman", "manwoman": "both"}.get(found, "neither")


def main(files):
    counts = {context: collections.Counter() for context in CONTEXTS}
    for file in files:
        with open(file, encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line)
                seen = set().union(*(words(reference) for reference in entry["references"]))
                due = named(seen)
                if due not in ("man", "woman"):
                    continue
                said = named(set(words(entry["caption"])))
                for context, its in CONTEXTS.items():
                    if its is None or its & seen:
                        counts[context][due, said] += 1
    print("| context | of a man: number | said so | said woman | of a woman: number | said so | said man |")
    print("|---|---|---|---|---|---|---|")
    for context, count in counts.items():
        cells = [context]
        for due, other in (("man", "woman"), ("woman", "man")):
            number = sum(value for (its, _), value in count.items() if its == due)
            share = lambda said: f"{100 * count[due, said] / number:.0f} %" if number else "-"
            cells += [str(number), share(due), share(other)]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
