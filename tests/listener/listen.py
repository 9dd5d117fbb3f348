"""Which of a few sentences does a recording say?  A forced choice by pocketsphinx over a grammar.

Usage: listen.py WAV < sentences.json > answer.json
  WAV            one channel, 16 bits, 16000 Hz
  sentences.json a JSON list of sentences
  answer.json    {"heard": the index of the sentence that fits best, or null when none fits}

Open dictation by this model is useless on a synthetic voice; a choice among whole sentences is reliable.
It knows every word as espeak-ng pronounces it, because espeak-ng is who speaks; so the words that its dictionary
lacks are no exception.
"""

import json
import re
import subprocess
import sys
import wave

from pocketsphinx import Config, Decoder

SAMPLE_RATE = 16000

# The synthesiser's accents that may be heard: what speech-dispatcher makes of "en" and of "en-US".
ACCENTS = ["en-gb", "en-us"]

# espeak-ng's IPA of these accents to the phones of CMU's dictionary; longer symbols are tried first.
PHONES = {
    "aɪə": "AY ER", "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY",
    "eə": "EH R", "ɪə": "IH R", "iə": "IY AH", "ʊə": "UH R",
    "ɑː": "AA", "ɔː": "AO", "oː": "AO", "ɛː": "EH", "iː": "IY", "uː": "UW", "ɜː": "ER",
    "a": "AE", "æ": "AE", "ɑ": "AA", "ɒ": "AA", "ɐ": "AH", "ʌ": "AH", "ə": "AH", "ɔ": "AO", "ɛ": "EH", "e": "EH",
    "ɚ": "ER", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "o": "OW", "ʊ": "UH", "u": "UW",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y", "k": "K", "l": "L",
    "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T",
    "θ": "TH", "v": "V", "w": "W", "z": "Z", "ʒ": "ZH", "ʔ": "T", "x": "K",
}
SYMBOL = re.compile("|".join(sorted(map(re.escape, PHONES), key=len, reverse=True)))


def words_of(sentence):
    """The sentence as the dictionary writes it: lower case, no punctuation but the apostrophe."""
    return re.findall(r"\w+(?:'\w+)*|'\w+", sentence.lower())


def spoken_phones(words, accent):
    """For each word the phones with which the synthesiser says it."""
    # A blank line after each word makes it an utterance, and so a line of the answer, of its own.
    command = ["espeak-ng", "-q", "--ipa", "-v", accent, "--stdin"]
    text = "".join(f"{word}\n\n" for word in words)
    answer = subprocess.run(command, check=True, capture_output=True, text=True, input=text).stdout
    lines = [line for line in answer.splitlines() if line.strip()]
    if len(lines) != len(words):
        raise SystemExit(f"listen.py: espeak-ng gave {len(lines)} pronunciations of {len(words)} words: {words}")
    return [" ".join(PHONES[symbol] for symbol in SYMBOL.findall(line)) for line in lines]


def new_decoder():
    """A decoder without a language."""
    # The beams are wide: a few sentences cost nothing, and a sentence that is pruned cannot be chosen. The best path
    # through the lattice is off because it leaves the grammar: it joins the parts of two sentences, or of none. Noise
    # of half a bit, always the same, stands in for that of a real microphone: of exact zeros the model makes anything.
    return Decoder(
        Config(
            samprate=SAMPLE_RATE, loglevel="FATAL", lm=None, cmn="batch", dither=True, seed=1,
            bestpath=False, beam=1e-120, pbeam=1e-120, wbeam=1e-120,
        )
    )


def teach(decoder, words):
    """Gives each word its pronunciations, and returns the names by which the decoder knows the words.

    To the dictionary's own, which are American, come the synthesiser's: it is the synthesiser that speaks.
    """
    names = {}
    # A word that the dictionary lacks goes by a name that the grammar's syntax cannot stumble over.
    for word in words:
        known = word.isascii() and decoder.lookup_word(word) is not None
        names[word] = word if known else f"unlisted{len(names)}"
    for accent in ACCENTS:
        for word, phones in zip(words, spoken_phones(words, accent)):
            if not phones:
                raise SystemExit(f"listen.py: espeak-ng has no phones for the word {word!r}")
            name, number = names[word], 1
            while decoder.lookup_word(name) is not None:
                number += 1
                name = f"{names[word]}({number})"
            decoder.add_word(name, phones, True)
    return names


def choose(decoder, sentences, samples):
    """The index of the sentence, each a list of words, that the samples say; None when they fit none."""
    names = teach(decoder, sorted({word for sentence in sentences for word in sentence}))
    choices = [" ".join(names[word] for word in sentence) for sentence in sentences]
    grammar = f"#JSGF V1.0;\ngrammar choice;\npublic <choice> = {' | '.join(choices)};\n"
    decoder.add_jsgf_string("choice", grammar)
    decoder.activate_search("choice")
    decoder.start_utt()
    decoder.process_raw(samples, full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    # A path that stops inside a sentence is not that sentence.
    return choices.index(hypothesis.hypstr) if hypothesis and hypothesis.hypstr in choices else None


def samples_of(path):
    """The recording's bytes; refuses a format that the acoustic model was not made for."""
    with wave.open(path, "rb") as recording:
        if (recording.getnchannels(), recording.getsampwidth(), recording.getframerate()) != (1, 2, SAMPLE_RATE):
            raise SystemExit(f"listen.py: {path} is not one channel of 16 bits at {SAMPLE_RATE} Hz")
        return recording.readframes(recording.getnframes())


def main():
    """Reads the question, answers it."""
    sentences = [words_of(sentence) for sentence in json.load(sys.stdin)]
    json.dump({"heard": choose(new_decoder(), sentences, samples_of(sys.argv[1]))}, sys.stdout)


if __name__ == "__main__":
    main()
