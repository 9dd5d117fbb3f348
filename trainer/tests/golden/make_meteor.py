#!/usr/bin/env python3
"""Makes meteor.json: what Meteor 1.5's jar, as PyPI's pycocoevalcap 1.2 brings and runs it, says of given captions.

    pip install pycocoevalcap==1.2
    python make_meteor.py [--datasets DIR]

The captions are those of make_scores.py. The jar runs three ways: with exact and stem matches alone and without function
words; with the small files of meteor/, written for this, before its own on the class path; and with its own data. With
--datasets, the folder that holds flickr8k/, the latter is done for its dev captions too. Neither a caption of a data set
nor a line of Meteor's data is stored.
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import tempfile

import make_scores
from pycocoevalcap.meteor import meteor
from pycocoevalcap.tokenizer import ptbtokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = os.path.join(HERE, "meteor")
JAR = os.path.join(os.path.dirname(os.path.abspath(meteor.__file__)), meteor.METEOR_JAR)
PICTURES = 200


def run(options, lines, first_on_class_path=None):
    path = JAR if first_on_class_path is None else first_on_class_path + os.pathsep + JAR
    command = ["java", "-Xmx2G", "-cp", path, "Meteor", "-", "-", "-stdio", "-l", "en", "-norm", *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    statistics = []
    for line in lines:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        statistics.append(process.stdout.readline().strip())
    process.stdin.write("EVAL ||| " + " ||| ".join(statistics) + "\n")
    process.stdin.close()
    *each, score = [100 * float(value) for value in process.stdout.read().split()]
    process.wait()
    assert len(each) == len(lines), "the jar failed"
    return {"score": score, "each": each}


def lines(candidates, references):
    """The jar's protocol, from captions that the first tokeniser has split, as pycocoevalcap does it."""
    indices = range(len(candidates))
    tokenizer = ptbtokenizer.PTBTokenizer()
    truth = tokenizer.tokenize({i: [{"caption": text} for text in references[i]] for i in indices})
    found = tokenizer.tokenize({i: [{"caption": candidates[i]}] for i in indices})
    clean = lambda text: text.replace("|||", "").replace("  ", " ")
    return [" ||| ".join(["SCORE", *truth[i], clean(found[i][0])]) for i in indices]


def words():
    """What the jar's normaliser makes of the tricky lines of make_scores.py, with the small list of abbreviations."""
    cases = [line for line in make_scores.CASES.split("\n") if line]
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", SMALL + os.pathsep + JAR, "edu.cmu.meteor.util.Normalizer"]
    text = "".join(line + "\n" for line in cases)
    done = subprocess.run([*command, "en", "true"], input=text.encode(), capture_output=True, check=True)
    found = done.stdout.decode().split("\n")
    return {line: " ".join(words.lower().split()) for line, words in zip(cases, found)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", help="the folder that holds flickr8k/")
    arguments = parser.parse_args()
    path = os.path.join(HERE, "meteor.json")
    golden = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    candidates, references = make_scores.synthetic()
    synthetic = lines(candidates, references)
    with tempfile.TemporaryDirectory() as folder:
        paraphrases, none = os.path.join(folder, "paraphrase-en.gz"), os.path.join(folder, "none.words")
        with open(os.path.join(SMALL, "paraphrase-en.txt"), "rb") as file, gzip.open(paraphrases, "wb") as to:
            shutil.copyfileobj(file, to)
        open(none, "w").close()
        golden["exact_stem"] = run(["-m", "exact stem", "-w", "1.0 0.6", "-s", none], synthetic[:PICTURES])
        golden["small_data"] = run(["-a", paraphrases], synthetic[:PICTURES], SMALL)
    golden["full_synthetic"] = run([], synthetic)
    golden["full_synthetic"]["each"] = golden["full_synthetic"]["each"][:10]
    if arguments.datasets:
        captions = make_scores.from_dataset(os.path.join(arguments.datasets, "flickr8k"))
        golden["full_flickr8k_dev"] = run([], lines(*captions))
        golden["full_flickr8k_dev"]["each"] = golden["full_flickr8k_dev"]["each"][:100]
    golden["words"] = words()
    make_scores.write("meteor.json", golden)


if __name__ == "__main__":
    main()
