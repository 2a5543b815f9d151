"""Forgetting scores (Toneva et al. 2019).

Per training sample, the number of epochs at which it goes from correct to incorrect; a sample that
was never correct scores the number of epochs. Correct or not is what the model says of the
augmented sample while it is trained on, as in the original.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tailor_export.accuracy import group_averages
from tailor_export.prepare import Prepared


@dataclass
class Forgetting:
    before: Tensor
    """[N] bool: correct in the epoch before."""
    learned: Tensor
    """[N] bool: correct in any epoch."""
    forgotten: Tensor
    """[N] int64: times it went from correct to incorrect."""

    @staticmethod
    def of(samples: int, state: dict[str, Tensor]) -> "Forgetting":
        """From a saved state, or from nothing."""
        if state:
            return Forgetting(**{name: tensor.clone() for name, tensor in state.items()})
        never = torch.zeros(samples, dtype=torch.bool)
        return Forgetting(never, never.clone(), torch.zeros(samples, dtype=torch.int64))

    def state(self) -> dict[str, Tensor]:
        return dict(vars(self))

    def add(self, correct: Tensor) -> None:
        """One epoch's answers, in the order of the training samples."""
        self.forgotten = self.forgotten + (self.before & ~correct)
        self.learned = self.learned | correct
        self.before = correct

    def scores(self, epochs: int) -> NDArray[np.int64]:
        return torch.where(self.learned, self.forgotten, epochs).numpy()


def summary(scores: NDArray[np.int64], data: Prepared) -> dict[str, Any]:
    """The mean score of every class, of every group of classes and of all classes."""
    labels = data.train.labels
    per_class = tuple(float(scores[labels == k].mean()) for k in range(len(data.classes)))
    return {
        "average": float(np.mean(per_class)),
        **group_averages(per_class, data.counts, data.dataset.groups),
        "perClass": list(per_class),
    }
