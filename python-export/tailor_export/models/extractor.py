"""What every model looks like to training and export."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn


class Output(NamedTuple):
    logits: Tensor
    """[N, classes]"""
    features: Tensor
    """[N, dimensions]: the input of the head"""


class Classifier(nn.Module):
    """An extractor and its linear head; `forward` returns both outputs."""

    def __init__(self, extractor: nn.Module, dimensions: int, classes: int) -> None:
        super().__init__()
        self.extractor = extractor
        self.head = nn.Linear(dimensions, classes)

    def forward(self, images: Tensor) -> Output:
        features = self.extractor(images)
        return Output(self.head(features), features)


@dataclass(frozen=True)
class Architecture:
    """A model by name."""

    name: str
    title: str
    build: Callable[[int], Classifier]
    """Makes the model for a number of classes; the global random state decides its weights."""
