"""From what a data set holds to what a model is fed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tailor_export.data.augment import normalise

Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""(uint8 [N, C, H, W], generator) to as many pictures of the size that the model takes."""


@dataclass(frozen=True)
class Pictures:
    """uint8 pictures, divided by 255 and normalised per channel."""

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentation: Augmentation | None = None
    augmented: str = ""
    """The augmentation in words."""
    resize_to: int | None = None
    """Shorter side before the central crop of `size`."""

    noun = "image"

    @property
    def channels(self) -> int:
        return len(self.mean)

    def model_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a model's input, from that of a stored one."""
        return (self.channels, *self.size)

    def augment(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        if self.augmentation is None:
            return self.crop(inputs)
        return self.augmentation(inputs, generator)

    def crop(self, inputs: Tensor) -> Tensor:
        """The centre of pictures that are kept larger than the model takes them."""
        height, width = self.size
        top, left = (inputs.shape[2] - height) // 2, (inputs.shape[3] - width) // 2
        return inputs[:, :, top : top + height, left : left + width]

    def to_model(self, inputs: Tensor) -> Tensor:
        """Normalised float32."""
        mean, std = (
            torch.tensor(value, dtype=torch.float32, device=inputs.device)
            for value in (self.mean, self.std)
        )
        return normalise(inputs, mean, std).contiguous(memory_format=torch.channels_last)

    def preprocess(self) -> dict[str, Any]:
        """As onnx-tailor reads it from a model's metadata."""
        return {
            "layout": "NCHW",
            "size": list(self.size),
            "resize": "bilinear",
            "crop": "center",
            **({"resizeTo": self.resize_to} if self.resize_to else {}),
            "channels": "RGB" if self.channels == 3 else "GRAY",
            "scale": 1 / 255,
            "mean": list(self.mean),
            "std": list(self.std),
        }


@dataclass(frozen=True)
class Columns:
    """float32 columns of a table, fed as they are: the model standardises them itself."""

    noun = "row"
    augmented = ""

    def model_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def augment(self, inputs: Tensor, generator: torch.Generator) -> Tensor:
        return inputs

    def crop(self, inputs: Tensor) -> Tensor:
        return inputs

    def to_model(self, inputs: Tensor) -> Tensor:
        return inputs.float()

    def preprocess(self) -> None:
        """Nothing to do outside the model."""
