"""The paper's network for tables: 9 layers of width 512 (appendix A.5.6).

A layer is linear without bias, batch normalisation, dropout and ReLU. The columns are standardised
inside the model, so that its input is the table as it is.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tailor_export.models.extractor import Architecture, Classifier, Shape, columns_of
from tailor_export.settings import Settings

LAYERS = 9
WIDTH = 512


class Standardise(nn.Module):
    """(x - mean) · scale per column, both from the training data."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))

    def fit(self, inputs: NDArray[np.float32]) -> None:
        """A column that never varies is only shifted."""
        values = inputs.astype(np.float64)
        std = values.std(axis=0)
        self.mean = torch.from_numpy(values.mean(axis=0)).float()
        self.scale = torch.from_numpy(1 / np.where(std > 0, std, 1)).float()

    def forward(self, x: Tensor) -> Tensor:
        return torch.mul(x - self.mean, self.scale)


class Layer(nn.Sequential):
    """Linear without bias, batch normalisation, dropout, ReLU."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(inputs, outputs, bias=False),
            nn.BatchNorm1d(outputs),
            nn.Dropout(dropout),
            nn.ReLU(),
        )


def table_mlp(
    shape: Shape,
    classes: int,
    *,
    dropout: float = Settings.dropout,
    layers: int = LAYERS,
    width: int = WIDTH,
) -> Classifier:
    """Standardisation, so many layers, the head."""
    columns = columns_of(shape, "the MLP for tables")
    hidden = [Layer(columns if number == 0 else width, width, dropout) for number in range(layers)]
    extractor = nn.Sequential(Standardise(columns), *hidden)
    return Classifier(extractor, width, classes, hidden[:-1])


TABLE_MLP = Architecture(
    name="table-mlp",
    title="MLP of 9 layers for tables",
    build=table_mlp,
    knobs=("dropout",),
)
