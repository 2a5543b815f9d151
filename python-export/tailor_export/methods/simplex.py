"""The simplex equiangular tight frame that a head can be fixed to."""

import math

import torch
from torch import Tensor

from tailor_export.errors import RunError


def simplex_etf(classes: int, dimensions: int, seed: int) -> Tensor:
    """[classes, dimensions]: rows of length 1 with the cosine -1 / (classes - 1) between any two.

    √(C / (C - 1)) · B Uᵀ, where the columns of B [C, C - 1] are an orthonormal basis of the vectors
    that sum to zero and those of U [D, C - 1] are orthonormal and random. B Bᵀ = I - 11ᵀ / C, so
    this is √(C / (C - 1)) · (I - 11ᵀ / C) Vᵀ with V = U Bᵀ, but D = C - 1 is enough for it.
    """
    if classes < 2:
        raise RunError(f"an ETF head needs at least 2 classes, not {classes}")
    if dimensions < classes - 1:
        raise RunError(
            f"an ETF head of {classes} classes needs at least {classes - 1} feature dimensions, "
            f"but the model has {dimensions}; choose a wider model or a method without ETF"
        )
    generator = torch.Generator().manual_seed(seed)
    normal = torch.randn(dimensions, classes - 1, generator=generator, dtype=torch.float64)
    orthonormal, triangle = torch.linalg.qr(normal)
    # The signs make the frame uniform over all rotations, and the same with every LAPACK.
    rotation = orthonormal * triangle.diagonal().sign()
    frame = torch.mm(zero_sum_basis(classes), rotation.T)
    return frame.mul(math.sqrt(classes / (classes - 1))).float()


def zero_sum_basis(count: int) -> Tensor:
    """The Helmert basis: column j is (1, ..., 1, -j, 0, ..., 0) with j ones, at length 1."""
    basis = torch.zeros(count, count - 1, dtype=torch.float64)
    for ones in range(1, count):
        basis[:ones, ones - 1] = 1
        basis[ones, ones - 1] = -ones
        basis[:, ones - 1] /= math.sqrt(ones * (ones + 1))
    return basis
