"""Accuracy by class and by group of classes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailor_export.data.dataset import Groups


@dataclass(frozen=True)
class Accuracy:
    """Shares from 0 to 1; every average is over classes, not over samples."""

    per_class: tuple[float, ...]

    @property
    def average(self) -> float:
        return float(np.mean(self.per_class))

    def by_group(self, counts: tuple[int, ...], groups: Groups) -> dict[str, float]:
        """Many, medium and few; a group without a class is absent."""
        return group_averages(self.per_class, counts, groups)

    def to_json(self, counts: tuple[int, ...], groups: Groups) -> dict[str, Any]:
        return {
            "average": self.average,
            **self.by_group(counts, groups),
            "perClass": list(self.per_class),
        }


def group_averages(
    per_class: tuple[float, ...], counts: tuple[int, ...], groups: Groups
) -> dict[str, float]:
    """The mean over the classes of each group; a group without a class is absent."""
    averages: dict[str, float] = {}
    for name in ("many", "medium", "few"):
        members = [
            value
            for value, count in zip(per_class, counts, strict=True)
            if group_of(count, groups) == name
        ]
        if members:
            averages[name] = float(np.mean(members))
    return averages


def group_of(count: int, groups: Groups) -> str:
    """The group of a class with so many training samples."""
    if count > groups.many:
        return "many"
    return "few" if count < groups.few else "medium"


def accuracy(predicted: NDArray[np.int64], labels: NDArray[np.int64], classes: int) -> Accuracy:
    """Every class must have a sample."""
    totals = np.bincount(labels, minlength=classes)
    hits = np.bincount(labels[predicted == labels], minlength=classes)
    if totals.min() == 0:
        raise ValueError(f"class {int(totals.argmin())} has no sample to measure accuracy on")
    return Accuracy(tuple(float(hit / total) for hit, total in zip(hits, totals, strict=True)))
