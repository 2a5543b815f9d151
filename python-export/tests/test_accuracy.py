import numpy as np
import pytest

from tailor_export.accuracy import Accuracy, accuracy, group_of
from tailor_export.data.dataset import Groups

GROUPS = Groups(many=1000, few=200)


def test_averages_over_classes() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 0])
    result = accuracy(predicted, labels, 3)
    assert result.per_class == (0.75, 0.5, 0.0)
    assert result.average == pytest.approx(1.25 / 3)


def test_bounds_belong_to_medium() -> None:
    groups = [group_of(count, GROUPS) for count in (1001, 1000, 200, 199)]
    assert groups == ["many", "medium", "medium", "few"]


def test_a_group_without_a_class_is_absent() -> None:
    assert Accuracy((0.5, 1.0)).by_group((2000, 10), GROUPS) == {"many": 0.5, "few": 1.0}


def test_a_class_without_a_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="class 1"):
        accuracy(np.array([0]), np.array([0]), 2)
