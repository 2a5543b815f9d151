"""What every model looks like to training and export."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from tailor_export.errors import RunError

Shape = tuple[int, ...]
"""Of one input: (channels, height, width) of a picture, (columns,) of a row."""


class Output(NamedTuple):
    logits: Tensor
    """[N, classes]"""
    features: Tensor
    """[N, dimensions]: the input of the head"""


class Classifier(nn.Module):
    """An extractor and its linear head; `forward` returns both outputs."""

    def __init__(
        self,
        extractor: nn.Sequential,
        dimensions: int,
        classes: int,
        blocks: Sequence[nn.Module] = (),
    ) -> None:
        """`blocks` are those layers of the extractor whose outputs may be asked for."""
        super().__init__()
        self.extractor = extractor
        self.head = nn.Linear(dimensions, classes)
        wanted = {id(block) for block in blocks}
        self.blocks = [i for i, layer in enumerate(extractor) if id(layer) in wanted]

    def forward(self, images: Tensor) -> Output:
        features = self.extractor(images)
        return Output(self.head(features), features)

    def forward_blocks(self, images: Tensor) -> tuple[Tensor, ...]:
        """Logits, features, and the output of every block."""
        x, outputs = images, []
        for index, layer in enumerate(self.extractor):
            x = layer(x)
            if index in self.blocks:
                outputs.append(x)
        return self.head(x), x, *outputs


@dataclass(frozen=True)
class Architecture:
    """A model by name."""

    name: str
    title: str
    build: Callable[..., Classifier]
    """Makes the model for a shape of input, a number of classes and the values of its knobs.

    The global random state decides its weights."""
    knobs: tuple[str, ...] = ()
    """The settings that mean something to this model and not to every one."""


def channels_of(shape: Shape, model: str) -> int:
    """Of a picture; rows of a table have none."""
    if len(shape) != 3:
        raise RunError(f"{model} takes pictures, not inputs of shape {list(shape)}")
    return shape[0]


def columns_of(shape: Shape, model: str) -> int:
    """Of a row; pictures have none."""
    if len(shape) != 1:
        raise RunError(f"{model} takes rows of a table, not inputs of shape {list(shape)}")
    return shape[0]
