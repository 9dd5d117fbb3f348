"""Writes encoders.json: activations of torchvision's networks, and of PyPI's efficientnet_lite_pytorch, to which the
trainer's encoders are held.

    pip install torch==2.11.0 torchvision==0.26.0 efficientnet_lite_pytorch==0.1.0
    python3 make_encoders.py > encoders.json

Weights and pixels come from a formula that the tests compute too, so neither is shipped: value i of the tensor NAME is
drawn by splitmix64 from FNV-1a(NAME) + i.
"""

import json
import sys

import numpy
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn import functional

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def uniform(name, count):
    """`count` numbers in 0..1, the same for a name everywhere."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    state = numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(GOLDEN) + numpy.uint64(seed)
    state = (state ^ (state >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    state = state ^ (state >> numpy.uint64(31))
    return (state >> numpy.uint64(40)).astype(numpy.float64) / 2**24


def drawn(name, shape):
    values = uniform(name, int(numpy.prod(shape)))
    if len(shape) == 4:
        values = (2 * values - 1) * numpy.sqrt(6 / numpy.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 0.5 + values
    elif name.endswith("running_mean"):
        values = (2 * values - 1) * 0.2
    elif name.endswith("weight"):
        values = 0.5 + 0.5 * values
    else:
        values = (2 * values - 1) * 0.1
    return torch.from_numpy(values.astype(numpy.float32)).reshape(shape)


def filled(model):
    """Every tensor of the network but those of classifiers."""
    for name, tensor in model.state_dict().items():
        if tensor.dtype.is_floating_point and not name.startswith(("classifier.", "fc.", "_fc.", "AuxLogits.")):
            tensor.copy_(drawn(name, tuple(tensor.shape)))
    return model.eval()


class Same(nn.Module):
    """A convolution with TensorFlow's SAME padding."""

    def __init__(self, convolution):
        super().__init__()
        self.convolution = convolution

    def forward(self, pixels):
        (kernel, _), (stride, _) = self.convolution.kernel_size, self.convolution.stride
        sides = []
        for side in (pixels.shape[3], pixels.shape[2]):
            padding = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            sides += [padding // 2, padding - padding // 2]
        layer = self.convolution
        return functional.conv2d(
            functional.pad(pixels, sides), layer.weight, layer.bias, stride, 0, 1, layer.groups
        )


def same(module):
    """Every convolution of the module padded as TensorFlow does."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            setattr(module, name, Same(child))
        else:
            same(child)
    return module


def resnet(model):
    def run(pixels):
        pixels = model.maxpool(model.relu(model.bn1(model.conv1(pixels))))
        return model.layer4(model.layer3(model.layer2(model.layer1(pixels))))

    return run


def inception(model):
    found = []
    model.Mixed_7c.register_forward_hook(lambda _module, _inputs, output: found.append(output))

    def run(pixels):
        # What follows wants pictures of 299 pixels no more than the rest does.
        model(pixels)
        return found.pop()

    return run


def cases():
    models = torchvision.models
    yield "mobilenet_v2", "torchvision", "spatial", 80, filled(models.mobilenet_v2()).features
    yield "mobilenet_v2", "tensorflow", "spatial", 80, same(filled(models.mobilenet_v2()).features)
    yield "resnet50", None, "spatial", 64, resnet(filled(models.resnet50()))
    model = models.inception_v3(transform_input=False, aux_logits=False, init_weights=False)
    yield "inception_v3", None, "spatial", 107, inception(filled(model))
    model = filled(models.vgg16()).features
    # Without the last pooling, which only the global vector sees.
    yield "vgg16", None, "spatial", 64, model[:-1]
    yield "vgg16", None, "global", 64, model
    for number in range(3):
        # Its padding is made for one size of pictures.
        model = EfficientNet.from_name(f"efficientnet-lite{number}", image_size=80)
        yield f"efficientnet_lite{number}", None, "spatial", 80, filled(model).extract_features


def main():
    results = []
    with torch.no_grad():
        for architecture, padding, features, side, run in cases():
            pixels = 2 * uniform("pixels", 3 * side * side) - 1
            pixels = torch.from_numpy(pixels.astype(numpy.float32)).reshape(1, 3, side, side)
            output = run(pixels)
            flat = output.flatten()
            places = [place * (len(flat) - 1) // 47 for place in range(48)]
            print(architecture, tuple(output.shape), output.mean(), output.std(), file=sys.stderr)
            results.append(
                {
                    "architecture": architecture,
                    "padding": padding,
                    "features": features,
                    "side": side,
                    "shape": list(output.shape),
                    "spread": float(f"{output.std().item():.6g}"),
                    "values": [float(f"{value:.7g}") for value in flat[places].tolist()],
                    "means": [float(f"{value:.7g}") for value in output.mean((2, 3)).flatten()[:16].tolist()],
                }
            )
    versions = {"torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0]}
    cases_text = ",\n".join("    " + json.dumps(result) for result in results)
    print('{\n  "versions": ' + json.dumps(versions) + ',\n  "cases": [\n' + cases_text + "\n  ]\n}")


main()
