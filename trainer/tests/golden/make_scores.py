#!/usr/bin/env python3
"""Makes scores.json and words.json: what PyPI's pycocoevalcap 1.2 and its tokeniser (on Java) say of given captions.

    pip install pycocoevalcap==1.2
    python make_scores.py [--datasets DIR]

The synthetic set is made by the little grammar below, which the tests repeat; `corpus_hash` in scores.json shows that
both made the same. With --datasets, the folder that holds flickr8k/, the scores of candidates picked from its dev
captions by index are made too; without it, those in scores.json stay. No caption of a data set is stored.
"""

import argparse
import json
import os
import subprocess

import numpy
import pycocoevalcap.cider.cider as cider_module
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer import ptbtokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
PICTURES = 1000
REFERENCES = 5


class Generator:
    """A linear congruential generator of 64 bits (Knuth's MMIX constants); the upper half is used."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def pick(self, words):
        return words[self.below(len(words))]


SUBJECTS = [
    ["a dog", "a brown dog", "the puppy", "a small dog", "somebody's dog"],
    ["a man", "an old man", "the guy", "a man in a hat", "a bearded man"],
    ["two children", "two kids", "a boy and a girl", "children", "two young children"],
    ["a woman", "a lady", "the woman in red", "a young woman", "a woman with glasses"],
    ["a group of people", "several people", "people", "a crowd", "five or six people"],
    ["a cat", "a striped cat", "the kitten", "a grey-and-white cat", "a cat"],
    ["a cyclist", "a man on a bike", "the bike rider", "a person on a bicycle", "a cyclist"],
]
ACTIONS = [
    ["runs", "is running", "dashes", "sprints", "runs quickly"],
    ["sits", "is sitting", "rests", "is seated", "sits quietly"],
    ["jumps", "is jumping", "leaps", "hops", "jumps high"],
    ["plays with a ball", "is playing", "plays ball", "is playing with a red ball", "kicks a ball"],
    ["looks at the camera", "stares", "is looking up", "looks on", "doesn't look away"],
    ["eats", "is eating", "has a snack", "eats lunch", "can't stop eating"],
]
PLACES = [
    ["on the beach", "by the sea", "on wet sand", "at the shore", "near the water"],
    ["in the park", "on the grass", "in a field", "on a green lawn", "in the grass"],
    ["on a city street", "on the street", "in the city", "beside a parked car", "at the corner"],
    ["in the snow", "on a snowy hill", "through deep snow", "in winter", "outside"],
    ["in a kitchen", "at a table", "indoors", "in the house", "inside (in the kitchen)"],
]
ENDS = [" .", ".", "", "!", " , it seems .", "..."]


def sentence(generator, scene):
    subject, action, place = (generator.pick(group) for group in scene)
    if generator.below(4) == 0:
        text = f"{place} , {subject} {action}"
    else:
        text = f"{subject} {action} {place}"
    if generator.below(3) == 0:
        text = text[0].upper() + text[1:]
    return text + generator.pick(ENDS)


def synthetic():
    generator = Generator(2026)
    references, candidates = [], []
    for picture in range(PICTURES):
        scene = [generator.pick(SUBJECTS), generator.pick(ACTIONS), generator.pick(PLACES)]
        references.append([sentence(generator, scene) for _ in range(REFERENCES)])
        words = sentence(generator, scene).split()
        other = sentence(generator, [generator.pick(SUBJECTS), generator.pick(ACTIONS), generator.pick(PLACES)])
        kind = picture % 6
        if kind == 0:
            words = words[: len(words) // 2]
        elif kind == 1:
            words = words + words
        elif kind == 2:
            words = other.split()
        elif kind == 3:
            words = ["zeppelin"] + words + ["gyroscope", "zeppelin"]
        elif kind == 4 and picture % 60 == 4:
            words = []
        candidates.append(" ".join(words))
    return candidates, references


def from_dataset(folder):
    captions = {}
    with open(os.path.join(folder, "captions.token.txt"), encoding="utf-8") as file:
        for line in file:
            key, caption = line.rstrip("\n").split("\t")
            name, number = key.rsplit("#", 1)
            captions.setdefault(name, {})[int(number)] = caption.strip()
    with open(os.path.join(folder, "devImages.txt"), encoding="utf-8") as file:
        names = file.read().split()[:PICTURES]
    references = [[captions[name][number] for number in sorted(captions[name])] for name in names]
    candidates = []
    for index, own in enumerate(references):
        next_one = references[(index + 1) % len(references)]
        kind = index % 4
        if kind == 0:
            words = next_one[0].split()
        elif kind == 1:
            words = [word for place, word in enumerate(own[0].split()) if place % 3 != 2]
        elif kind == 2:
            first, second = own[1].split(), next_one[2].split()
            words = first[: len(first) // 2] + second[len(second) // 2 :]
        else:
            words = own[3].split()
            for place in range(0, len(words) - 1, 2):
                words[place], words[place + 1] = words[place + 1], words[place]
        candidates.append(" ".join(words))
    return candidates, references


def fnv(texts):
    """FNV-1a, 64 bits, of the texts with a line feed after each."""
    value = 0xCBF29CE484222325
    for byte in "".join(text + "\n" for text in texts).encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return f"{value:016x}"


def plain_cider(scorer):
    """CIDEr without the D, by its paper, from the words that pycocoevalcap's scorer has counted."""
    pictures = numpy.log(float(len(scorer.crefs)))
    weigh = lambda counts: {
        run: count * (pictures - numpy.log(max(1.0, scorer.document_frequency[run]))) for run, count in counts.items()
    }
    of_order = lambda weights, order: {run: weight for run, weight in weights.items() if len(run) == order}
    norm = lambda weights: sum(weight**2 for weight in weights.values()) ** 0.5
    each = []
    for candidate, references in zip(scorer.ctest, scorer.crefs):
        candidate, total = weigh(candidate), 0.0
        for reference in map(weigh, references):
            for order in range(1, 5):
                one, other = of_order(candidate, order), of_order(reference, order)
                norms = norm(one) * norm(other)
                if norms > 0:
                    total += sum(weight * other.get(run, 0.0) for run, weight in one.items()) / norms / 4
        each.append(10 * total / len(references))
    return sum(each) / len(each)


class KeptScorer(CiderScorer):
    """The scorer that pycocoevalcap makes and throws away."""

    kept = None

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        KeptScorer.kept = self


cider_module.CiderScorer = KeptScorer


def score(candidates, references):
    indices = range(len(candidates))
    tokenizer = ptbtokenizer.PTBTokenizer()
    truth = tokenizer.tokenize({i: [{"caption": text} for text in references[i]] for i in indices})
    found = tokenizer.tokenize({i: [{"caption": candidates[i]}] for i in indices})
    bleu, _ = Bleu(4).compute_score(truth, found, verbose=0)
    rouge, _ = Rouge().compute_score(truth, found)
    cider, each = Cider().compute_score(truth, found)
    scores = {f"bleu{order + 1}": 100 * float(value) for order, value in enumerate(bleu)}
    scores |= {"images": len(candidates), "rouge_l": 100 * float(rouge), "cider": 100 * float(cider)}
    scores["cider_plain"] = 100 * float(plain_cider(KeptScorer.kept))
    scores["cider_of_the_first_ten"] = [100 * float(value) for value in each[:10]]
    return scores


CASES = """
A grey horse is standing behind a wooden gate in the rain .
It isn't here; they can't, won't, shan't, don't, aren't, ain't and mustn't.
Don't DON'T don’t dont CAN'T
he's he'd he'll I'm I'd've we're they've it'll that's who's
The dog's toy and the dogs' toys, boss's, James' and girls'.
You cannot. CANNOT cannot's I'm gonna, gotta, wanna, gimme, lemme go
'tis 'twas 'Tis the season; d'ye see, more'n ma'am o'clock O'Neil's l'eau ne'er c'mon y'all
rock 'n' roll, rock'n'roll, 'em, 'til, 'cause, 'bout and 'nuff
the '90s and the 1990's and 1990s, class of '85 here, the 60's
He said "hello", 'goodbye' and ``thanks'' to 'em.
“curly” and ‘single’ quotes, it’s the dogs’ bed
(in brackets) [square] {curly} a(b)c
Wait... what.. is.... this… and . . . that?
well-known t-shirt T-Shirts 3-year-old's merry-go-round x-ray jack-o'-lantern
man-- and -- now --- or - ok – then — there a--b -c- d-
1,000 people, 1,000,000 of 10,000.5 or 3.14 and .5 or 5. at 3:00, 12:30:15
1/2 and 3/4, 2 1/2 cups, ½ or 2½, 24/7, 9/11, 12/25/2008, 2008-12-25
$5 $5.50 US$5 A$ £3 €4 5¢ 50% 5.5% #1 #one # 7
Mr. Smith, Mrs. Jones, Dr. Who, St. Bernard, Jr. and Sr. at Main St.
the U.S. Army of the U.S.A. is a U.S.-based non-profit
at 3 p.m. or 9 a.m. today, e.g. now, i.e. here, vs. them, etc. and so on
Jan. 5, Feb. 6, Co. Inc. Ltd. Corp. approx. no. 5 No. 7 no. fig. 2
J. R. R. Tolkien and A. The b. Then c. d
salt & pepper, R&D, AT&T, at&t, A&P, M&Ms, &amp; &lt;b&gt;
and/or he/she/it men/women a / b w/o w/ km/h
really?! yes!! no!!! what??? hm? oh!
:) :-) ;) :( :D :P =) <3 (: :)) a:)
C++ and C# c++, A+ B- x2 4x4 2x 3D 5th 1st 22nd 100th 1,000th
http://www.example.com/a and www.example.com or example.com/page, me@example.com @home #tag
a <b>bold</b> word, <br/> and < or > alone
* starred * and ** and _under_ a_b ~ ^ | \\ @ = +
café naïve Zoë Ærø 北京 é
5'10" and 6' 2'' tall, a 5ft. man
dog.The cat dog.the cat dog ,the dog,the dog;the dog:the
soft­hyphen zero​width 😀 smile ♥ ★ ° © ®
"The dog."
'
...
x
"""


def words():
    lines = [line for line in CASES.split("\n") if line]
    # A line of its own between two, since the tool looks past the end of a line.
    text = "".join(line + "\nq\n" for line in lines)
    folder = os.path.dirname(ptbtokenizer.__file__)
    command = ["java", "-cp", os.path.join(folder, ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)]
    command += ["edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    found = done.stdout.decode().split("\n")[: 2 * len(lines) : 2]
    dropped = ptbtokenizer.PUNCTUATIONS
    return {
        line: " ".join(word for token in tokens.split(" ") if token not in dropped for word in token.split())
        for line, tokens in zip(lines, found, strict=True)
    }


def write(name, value):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=False)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", help="the folder that holds flickr8k/")
    arguments = parser.parse_args()
    path = os.path.join(HERE, "scores.json")
    golden = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    candidates, references = synthetic()
    golden["synthetic"] = score(candidates, references)
    golden["synthetic_first_50"] = score(candidates[:50], references[:50])
    golden["corpus_hash"] = fnv(candidates + [text for texts in references for text in texts])
    if arguments.datasets:
        golden["flickr8k_dev"] = score(*from_dataset(os.path.join(arguments.datasets, "flickr8k")))
    write("scores.json", golden)
    write("words.json", words())


if __name__ == "__main__":
    main()
