import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailor_export.data.long_tail import Split, fmix32, long_tailed_split, profile, sample_keys
from tailor_export.errors import DataError

GOLDEN = Path(__file__).parents[2] / "test" / "fixtures" / "long-tail-split.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]


def split(
    n: int, classes: int, *, rho: float = 10, validation: int = 5, seed: int = 0, test: int = 0
) -> Split:
    return long_tailed_split(
        np.arange(n) % classes,
        classes,
        imbalance_factor=rho,
        validation_per_class=validation,
        seed=seed,
        test_per_class=test,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"C{case['C']}-n{case['n']}")
def test_golden(case: dict[str, Any]) -> None:
    i = np.arange(case["n"])
    result = long_tailed_split(
        ((i * case["a"] + case["b"]) % case["m"]) % case["C"],
        case["C"],
        imbalance_factor=case["rho"],
        validation_per_class=case["validationPerClass"],
        seed=case["seed"],
        test_per_class=case.get("testPerClass", 0),
    )
    assert result.test.tolist() == case.get("test", [])
    assert result.train.tolist() == case["train"]
    assert result.validation.tolist() == case["validation"]
    assert list(result.counts) == case["counts"]


def test_fmix32_is_murmurhash3s() -> None:
    values = np.array([0, 1, 2, 0xFFFFFFFF], dtype=np.uint32)
    assert fmix32(values).tolist() == [0, 0x514E28B7, 0x30F4C306, 0x81F16F39]


def test_keys_are_all_different() -> None:
    assert len(np.unique(sample_keys(100_000, 3))) == 100_000


def test_cifar10_lt_has_the_papers_sizes() -> None:
    counts = profile(4980, 10, 100)
    assert counts == (4980, 2985, 1789, 1072, 643, 385, 231, 138, 83, 49)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
@pytest.mark.parametrize(("classes", "rho"), [(2, 1), (5, 7.5), (10, 50)])
def test_sets_are_disjoint_ascending_and_of_the_right_size(
    classes: int, rho: float, seed: int
) -> None:
    result = split(60 * classes, classes, rho=rho, seed=seed)
    assert not set(result.train.tolist()) & set(result.validation.tolist())
    assert (np.diff(result.train) > 0).all()
    assert (np.diff(result.validation) > 0).all()
    assert np.bincount(result.train % classes).tolist() == list(result.counts)
    assert np.bincount(result.validation % classes).tolist() == [5] * classes
    assert result.counts[0] == 55
    assert result.counts[-1] == pytest.approx(55 / rho, abs=1)


def test_validation_does_not_depend_on_the_imbalance() -> None:
    mild, strong = split(600, 10, rho=2), split(600, 10, rho=40)
    assert mild.validation.tolist() == strong.validation.tolist()
    assert set(strong.train.tolist()) <= set(mild.train.tolist())


def test_without_a_factor_nothing_is_cut() -> None:
    labels = np.repeat([0, 1, 2], [50, 20, 9])
    result = long_tailed_split(
        labels, 3, imbalance_factor=0, validation_per_class=2, seed=4, test_per_class=3
    )
    assert result.counts == (45, 15, 4)
    parts = [result.validation, result.test, result.train]
    assert np.sort(np.concatenate(parts)).tolist() == list(range(79))
    assert np.bincount(labels[result.test]).tolist() == [3, 3, 3]
    assert not split(600, 10).test.size


def test_another_seed_is_another_split() -> None:
    assert split(600, 10).train.tolist() != split(600, 10, seed=1).train.tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rho": 0.5}, "at least 1"),
        ({"rho": float("nan")}, "at least 1"),
        ({"rho": 1000}, "no training sample"),
        ({"validation": 60}, "too few"),
        ({"validation": -1}, "negative"),
        ({"test": -1}, "negative"),
        ({"rho": 0, "validation": 40, "test": 20}, "too few"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(600, 10, **arguments)
