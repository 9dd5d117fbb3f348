"""The trainer beside PyTorch, on one machine and in the same minutes.

    cargo build --release -p descry-trainer --features torch
    python trainer/benches/speed.py --trainer target/release/descry-trainer

It needs PyTorch, best of the version of the trainer's libtorch, and LD_LIBRARY_PATH as the trainer needs it. Both sides
compute the same with as many threads, in turn, round after round; medians and their ratio are printed. The networks are
written here by hand from the papers: MobileNetV2 with its batch normalisation folded in, channels last, and the attention
decoder of "Show, Attend and Tell" with a gate, sizes as in src/train/speed.rs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

PICTURES, CAPTIONS, WORDS, VOCABULARY, REPEATS = 16, 64, 20, 4280, 2
FEATURE, EMBEDDING, HIDDEN, ATTENTION = 512, 300, 512, 256
ROWS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def mobilenet(torch):
    nn, functional = torch.nn, torch.nn.functional

    class Convolution(nn.Module):
        def __init__(self, inputs, outputs, kernel, stride, groups, activated):
            super().__init__()
            padding = 0 if stride == 2 else kernel // 2
            self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups)
            self.activated = activated

        def forward(self, values):
            if self.convolution.stride == (2, 2):
                values = functional.pad(values, (0, 1, 0, 1))
            values = self.convolution(values)
            return functional.relu6(values) if self.activated else values

    class Block(nn.Module):
        def __init__(self, inputs, expansion, outputs, stride):
            super().__init__()
            hidden = inputs * expansion
            layers = [] if expansion == 1 else [Convolution(inputs, hidden, 1, 1, 1, True)]
            layers += [Convolution(hidden, hidden, 3, stride, hidden, True), Convolution(hidden, outputs, 1, 1, 1, False)]
            self.layers = nn.Sequential(*layers)
            self.residual = stride == 1 and inputs == outputs

        def forward(self, values):
            return values + self.layers(values) if self.residual else self.layers(values)

    layers, channels = [Convolution(3, 32, 3, 2, 1, True)], 32
    for expansion, outputs, repeats, first in ROWS:
        for repeat in range(repeats):
            layers.append(Block(channels, expansion, outputs, first if repeat == 0 else 1))
            channels = outputs
    return nn.Sequential(*layers, Convolution(channels, 1280, 1, 1, 1, True)).to(memory_format=torch.channels_last)


def decoder(torch):
    nn, functional = torch.nn, torch.nn.functional

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.projection = nn.Linear(1280, FEATURE)
            self.key = nn.Linear(FEATURE, ATTENTION)
            self.hidden, self.cell = nn.Linear(FEATURE, HIDDEN), nn.Linear(FEATURE, HIDDEN)
            self.embedding = nn.Embedding(VOCABULARY, EMBEDDING)
            self.query, self.energy = nn.Linear(HIDDEN, ATTENTION), nn.Linear(ATTENTION, 1, bias=False)
            self.gate = nn.Linear(HIDDEN, FEATURE)
            self.lstm = nn.LSTMCell(EMBEDDING + FEATURE, HIDDEN)
            self.deep = nn.Linear(HIDDEN + FEATURE, EMBEDDING)
            self.bias = nn.Parameter(torch.zeros(VOCABULARY))

        def forward(self, features, inputs):
            features = functional.dropout(self.projection(features).relu(), 0.2)
            keys, mean = self.key(features), features.mean(1)
            hidden, cell = self.hidden(mean).tanh(), self.cell(mean).tanh()
            words = functional.dropout(self.embedding(inputs), 0.3)
            outputs, looked = [], 0
            for position in range(inputs.shape[1]):
                energy = self.energy((keys + self.query(hidden).unsqueeze(1)).tanh()).squeeze(2)
                attention = energy.softmax(-1)
                looked = looked + attention
                seen = self.gate(hidden).sigmoid() * torch.bmm(attention.unsqueeze(1), features).squeeze(1)
                hidden, cell = self.lstm(torch.cat([words[:, position], seen], 1), (hidden, cell))
                outputs.append(torch.cat([hidden, seen], 1))
            deep = self.deep(functional.dropout(torch.cat(outputs), 0.35)).tanh()
            return functional.dropout(deep, 0.35) @ self.embedding.weight.t() + self.bias, looked

    return Attend()


def pytorch(what, device):
    """The other side: for each line that comes, a round, and its mean time in milliseconds."""
    import torch

    torch.manual_seed(1)
    if what == "features":
        network = mobilenet(torch).to(device)
        pixels = (torch.rand(PICTURES, 3, 224, 224, device=device) * 2 - 1).contiguous(memory_format=torch.channels_last)

        def one():
            with torch.no_grad():
                network(pixels).sum().item()
    else:
        network = decoder(torch).to(device)
        optimiser = torch.optim.AdamW(network.parameters(), lr=4e-4, weight_decay=0.01)
        features = torch.rand(CAPTIONS, 49, 1280, device=device)

        def one():
            inputs = torch.randint(VOCABULARY, (CAPTIONS, WORDS), device=device)
            targets = torch.randint(VOCABULARY, (CAPTIONS, WORDS), device=device)
            logits, looked = network(features, inputs)
            loss = torch.nn.functional.cross_entropy(logits, targets.t().flatten(), label_smoothing=0.1)
            loss = loss + 0.05 * (looked - 1).square().mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            loss.item()

    one()
    for _ in sys.stdin:
        begun = time.perf_counter()
        for _ in range(REPEATS):
            one()
        print(f"{(time.perf_counter() - begun) * 1000 / REPEATS:.3f}", flush=True)


def compare(trainer, what, device, rounds):
    # PyTorch brings its own libtorch: the trainer's must not be found by it.
    environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    sides = {
        "descry-trainer": ([trainer, "speed", "--what", what, "--device", device], None),
        "PyTorch": ([sys.executable, __file__, "--side", what, "--device", device], environment),
    }
    processes = {
        name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for name, (command, env) in sides.items()
    }
    times = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, process in processes.items():
            try:
                process.stdin.write("\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except BrokenPipeError:
                answer = ""
            if not answer:
                sys.exit(f"{name} ended early; what it said is above")
            if number > 0:  # the first round warms up
                times[name].append(float(answer))
    for process in processes.values():
        process.stdin.close()
        process.wait()
    ours, theirs = (statistics.median(times[name]) for name in sides)
    ratios = [other / own for own, other in zip(times["descry-trainer"], times["PyTorch"])]
    result = {"what": what, "device": device, "rounds": rounds, "ms": round(ours, 1), "pytorch_ms": round(theirs, 1),
              "speed_of_pytorch": round(statistics.median(ratios), 2), "ratios": [round(ratio, 2) for ratio in ratios]}
    if what == "features":
        result["pictures_per_second"] = round(PICTURES * 1000 / ours, 1)
        result["pytorch_pictures_per_second"] = round(PICTURES * 1000 / theirs, 1)
    print(json.dumps(result))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--trainer", default="target/release/descry-trainer")
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("--side", choices=["features", "decoder"], help=argparse.SUPPRESS)
    arguments = arguments.parse_args()
    if arguments.side:
        pytorch(arguments.side, arguments.device)
        return
    for what in ["features", "decoder"]:
        compare(arguments.trainer, what, arguments.device, arguments.rounds)


main()
