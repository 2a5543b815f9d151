"""What every data set gives to training, whatever its files look like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tailor_export.data.inputs import Columns, Pictures

Array = NDArray[Any]


class Inputs(Protocol):
    """A numpy array, or something on disk that gives one for any indices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, indices: Any, /) -> Any: ...


@dataclass(frozen=True)
class Samples:
    """Inputs and their labels as int64 [N].

    Pictures are uint8 [N, channels, height, width], rows of a table float32 [N, columns].
    """

    inputs: Inputs
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.inputs.shape[1:])

    def take(self, indices: NDArray[np.int64]) -> "Samples":
        take = getattr(self.inputs, "take_lazily", None)
        return Samples(take(indices) if take else self.inputs[indices], self.labels[indices])


@dataclass(frozen=True)
class Loaded:
    """A data set in memory or on disk."""

    train: Samples
    """Whole, before anything is taken out of it."""
    test: Samples | None
    """Where it is None, test is taken out of train."""
    classes: tuple[str, ...]
    validation: Samples | None = None
    """Where it is None, validation is taken out of train."""
    columns: tuple[str, ...] = ()
    """Names of a table's inputs."""


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
    input: Pictures | Columns
    groups: Groups
    licence: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Settings that are other than for CIFAR."""
    fetch: str = ""
    """The command, in the repository's root, that gets the data."""


@dataclass(frozen=True)
class Family:
    """Data sets that are named by a file: NAME:FILE."""

    name: str
    title: str
    open: Callable[[str], Dataset]
    """Makes the data set of what follows the colon."""
