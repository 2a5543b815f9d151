"""Validation and a long-tailed training subset of a balanced data set.

The TypeScript side draws the same subset: everything here is exact integer arithmetic, but for the
one power that gives a class its size.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailor_export.errors import DataError

GOLDEN = 0x9E3779B9


@dataclass(frozen=True)
class Split:
    """Indices into the whole training set, ascending."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    """Empty where the data set brings its own."""
    counts: tuple[int, ...]
    """Training samples per class."""


def fmix32(value: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The 32-bit finaliser of MurmurHash3."""
    h = value.astype(np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h


def sample_keys(count: int, seed: int) -> NDArray[np.uint32]:
    """key(i) = fmix32(i XOR fmix32(seed + 0x9E3779B9 mod 2^32)) for i = 0 ... count - 1."""
    salt = fmix32(np.array([(seed + GOLDEN) % 2**32], dtype=np.uint32))
    return fmix32(np.arange(count, dtype=np.uint32) ^ salt)


def profile(largest: int, classes: int, imbalance_factor: float) -> tuple[int, ...]:
    """Training samples of each class: floor(largest * imbalance_factor^(-k / (classes - 1)))."""
    if classes < 2:
        raise DataError(f"a long tail needs at least 2 classes, not {classes}")
    return tuple(
        math.floor(largest * imbalance_factor ** (-k / (classes - 1))) for k in range(classes)
    )


def long_tailed_split(
    labels: NDArray[np.int64],
    classes: int,
    *,
    imbalance_factor: float,
    validation_per_class: int,
    seed: int,
    test_per_class: int = 0,
) -> Split:
    """Takes validation and test out of every class, then cuts what remains to the profile.

    An imbalance factor of 0 cuts nothing: classes keep the sizes they have.
    """
    if imbalance_factor != 0 and not imbalance_factor >= 1:
        raise DataError(
            f"the imbalance factor must be at least 1, or 0 for no cut, not {imbalance_factor}"
        )
    for name, value in (("validation", validation_per_class), ("test", test_per_class)):
        if value < 0:
            raise DataError(f"{name} per class must not be negative: {value}")
    if not 0 <= seed < 2**32:
        raise DataError(f"the split's seed must lie in 0 ... 2^32 - 1, not {seed}")

    keys = sample_keys(len(labels), seed)
    members = [np.flatnonzero(labels == k) for k in range(classes)]
    # fmix32 is a bijection, so that no two keys are equal and the order needs no tie-break.
    shuffled = [indices[np.argsort(keys[indices])] for indices in members]
    held_out = validation_per_class + test_per_class
    left = [len(indices) - held_out for indices in shuffled]
    if imbalance_factor == 0:
        counts = tuple(left)
    else:
        counts = profile(min(left), classes, imbalance_factor) if min(left) > 0 else ()
    if not counts or min(counts) < 1:
        wanted = [f"{validation_per_class} validation samples"] if validation_per_class else []
        wanted += [f"{test_per_class} test samples"] if test_per_class else []
        wanted += [f"an imbalance factor of {imbalance_factor:g}"] if imbalance_factor else []
        raise DataError(
            f"{min(left) + held_out} samples in the smallest class are too few for "
            f"{' and '.join(wanted)}: a class would have no training sample. Lower "
            "--validation-per-class, --test-per-class or --imbalance-factor"
        )
    return Split(
        validation=_sorted([indices[:validation_per_class] for indices in shuffled]),
        test=_sorted([indices[validation_per_class:held_out] for indices in shuffled]),
        train=_sorted(
            [
                indices[held_out : held_out + count]
                for indices, count in zip(shuffled, counts, strict=True)
            ]
        ),
        counts=counts,
    )


def _sorted(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.sort(np.concatenate(parts)).astype(np.int64)
