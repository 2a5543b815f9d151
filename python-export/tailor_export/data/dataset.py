"""What every data set gives to training, whatever its files look like."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Samples:
    """Images as uint8 [N, channels, height, width] and their labels as int64 [N]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64]) -> "Samples":
        return Samples(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Loaded:
    """A data set in memory; `train` is whole, before any validation is taken out."""

    train: Samples
    test: Samples
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """Many: more training samples than `many`. Few: fewer than `few`. Medium: the rest."""

    many: int
    few: int


@dataclass(frozen=True)
class Dataset:
    """A data set by name, with what training and export must know about it."""

    name: str
    title: str
    load: Callable[[Path], Loaded]
    """Reads it from the folder that holds all data sets."""
    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Of the pixels divided by 255, per channel."""
    groups: Groups
    licence: str

    def preprocess(self) -> dict[str, Any]:
        """The preprocessing as onnx-tailor reads it from a model's metadata."""
        return {
            "layout": "NCHW",
            "size": list(self.size),
            "resize": "bilinear",
            "crop": "center",
            "channels": "RGB",
            "scale": 1 / 255,
            "mean": list(self.mean),
            "std": list(self.std),
        }
