"""Writes pickled/*.pth: small files as torch.save makes them, new and old, and some that are none of ours.

    pip install torch==2.11.0
    python3 make_pickled.py
"""

import collections
import pathlib
import pickle

import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "pickled"


def numbers(count):
    return torch.arange(count, dtype=torch.float32) / 4 - 1


class Hostile:
    """What unpickling would run."""

    def __reduce__(self):
        import os

        return os.system, ("touch /tmp/descry-was-here",)


def main():
    FOLDER.mkdir(exist_ok=True)
    state = collections.OrderedDict()
    state["plain.weight"] = numbers(6).reshape(2, 3)
    # Both of one storage: a part of it, and one on its side.
    shared = numbers(8)
    state["part.weight"] = shared[2:6].reshape(2, 2)
    state["turned.weight"] = shared.reshape(4, 2).t()
    state["half.weight"] = numbers(3).half()
    state["double.weight"] = numbers(2).double()
    state["brain.weight"] = numbers(2).bfloat16()
    state["count"] = torch.tensor(7)
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    torch.save(state, FOLDER / "new.pth")
    torch.save(state, FOLDER / "old.pth", _use_new_zipfile_serialization=False)
    checkpoint = {"epoch": 3, "lr": 0.5, "names": ["a", None, True], "state_dict": {"module.a": nn.Parameter(numbers(2))}}
    torch.save(checkpoint, FOLDER / "checkpoint.pth")
    torch.save(nn.Linear(2, 2), FOLDER / "module.pth")
    torch.save({"a": numbers(1), "b": Hostile()}, FOLDER / "hostile.pth")
    torch.save({"a": Hostile()}, FOLDER / "hostile-old.pth", _use_new_zipfile_serialization=False)
    (FOLDER / "bare.pth").write_bytes(pickle.dumps({"a": 1}, protocol=2))


main()
