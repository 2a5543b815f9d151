"""The networks of the paper's appendix A.4.2 for MNIST.

A block of an MLP is a linear layer without bias, batch normalisation and ReLU. A ResBlock network
is one such block and then residual blocks of two linear layers each, built like those of He et al.
2016. The head is not counted.
"""

import math

from torch import Tensor, nn
from torch.nn import functional

from tailor_export.models.extractor import Architecture, Classifier, Shape

WIDTH = 1024


class Linear(nn.Sequential):
    """Linear without bias, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())


class Residual(nn.Module):
    """Two linear layers with batch normalisation beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, width, bias=False)
        self.bn1 = nn.BatchNorm1d(width)
        self.linear2 = nn.Linear(width, width, bias=False)
        self.bn2 = nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.linear1(x)))
        return functional.relu(self.bn2(self.linear2(inner)) + x)


def mlp(shape: Shape, classes: int, blocks: int, width: int = WIDTH) -> Classifier:
    """So many blocks, then the head."""
    layers = [Linear(math.prod(shape), width), *(Linear(width, width) for _ in range(blocks - 1))]
    return Classifier(nn.Sequential(nn.Flatten(), *layers), width, classes, layers[:-1])


def resblock(shape: Shape, classes: int, blocks: int, width: int = WIDTH) -> Classifier:
    """A block of an MLP and so many residual blocks, then the head."""
    layers = [Linear(math.prod(shape), width), *(Residual(width) for _ in range(blocks))]
    return Classifier(nn.Sequential(nn.Flatten(), *layers), width, classes, layers[:-1])


MLP3 = Architecture("mlp3", "MLP of 3 blocks", lambda shape, classes: mlp(shape, classes, 3))
MLP4 = Architecture("mlp4", "MLP of 4 blocks", lambda shape, classes: mlp(shape, classes, 4))
MLP5 = Architecture("mlp5", "MLP of 5 blocks", lambda shape, classes: mlp(shape, classes, 5))

RESBLOCK1 = Architecture(
    "resblock1",
    "MLP block and 1 residual block",
    lambda shape, classes: resblock(shape, classes, 1),
)
RESBLOCK2 = Architecture(
    "resblock2",
    "MLP block and 2 residual blocks",
    lambda shape, classes: resblock(shape, classes, 2),
)
