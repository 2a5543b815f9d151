"""What a stage-1 method may decide."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from tailor_export.models.extractor import Classifier, Output
from tailor_export.settings import Settings

Counts = tuple[int, ...]
"""Training samples per class."""

Objective = Callable[[Output, Tensor, Classifier], Tensor]
"""(output, labels, model) to the loss of a batch."""


def change_nothing(model: Classifier, settings: Settings) -> None:
    """The default of `Method.prepare`."""


def every_parameter(model: Classifier) -> Iterable[nn.Parameter]:
    """The default of `Method.decayed`: weights, biases and batch-norm parameters alike."""
    return model.parameters()


@dataclass(frozen=True)
class Method:
    """A stage-1 method: loss, regularisers and what is done to the model before training."""

    name: str
    title: str
    objective: Callable[[Counts, Settings], Objective]
    """Makes the objective."""
    weight_decay: float = 0.0
    decayed: Callable[[Classifier], Iterable[nn.Parameter]] = every_parameter
    """Of these, those that are trained."""
    feature_regularization: float = 0.0
    prepare: Callable[[Classifier, Settings], None] = change_nothing
    knobs: tuple[str, ...] = ()
    """The settings that mean something to this method and not to every one."""
