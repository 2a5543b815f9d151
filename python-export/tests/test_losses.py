"""Every loss against its formula, written out by hand."""

import math
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from tailor_export.catalogue import METHODS
from tailor_export.errors import RunError
from tailor_export.methods.losses import class_weights
from tailor_export.models.extractor import Classifier, Output
from tailor_export.settings import Settings

COUNTS = (4980, 643, 49)
LABELS = torch.tensor([0, 2, 1, 0, 2])


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    return Classifier(nn.Sequential(), 4, 3)


def output_of(model: Classifier) -> Output:
    torch.manual_seed(1)
    features = torch.randn(len(LABELS), 4, requires_grad=True)
    output = model(features)
    return Output(output.logits, features)


def loss_of(name: str, model: Classifier, output: Output, **changes: float) -> Tensor:
    objective = METHODS.get(name).objective(COUNTS, Settings(**changes))  # type: ignore[arg-type]
    return objective(output, LABELS, model)


def entropies(logits: Tensor) -> list[float]:
    rows = logits.tolist()
    return [
        math.log(sum(math.exp(value) for value in row)) - row[label]
        for row, label in zip(rows, LABELS.tolist(), strict=True)
    ]


@pytest.mark.parametrize("name", ["ce", "ce-wd", "wd-without-bn", "wd-fixed-bn", "wd-etf"])
def test_cross_entropy(model: Classifier, name: str) -> None:
    output = output_of(model)
    expected = sum(entropies(output.logits)) / 5
    assert loss_of(name, model, output).item() == pytest.approx(expected, rel=1e-6)


def test_weights_of_classes_at_beta_1_are_the_harmonic_mean_over_the_counts() -> None:
    harmonic = 3 / sum(1 / count for count in COUNTS)
    assert class_weights(COUNTS, 1) == pytest.approx([harmonic / count for count in COUNTS])
    assert sum(class_weights(COUNTS, 1)) == pytest.approx(3)


def test_weights_of_classes_at_beta_0_9999() -> None:
    beta = Fraction(9999, 10_000)
    raw = [(1 - beta) / (1 - beta**count) for count in COUNTS]
    expected = [float(3 * weight / sum(raw)) for weight in raw]
    assert class_weights(COUNTS, 0.9999) == pytest.approx(expected, rel=1e-9)


def test_weights_of_classes_have_their_limits() -> None:
    assert class_weights(COUNTS, 0) == [1, 1, 1]
    assert class_weights(COUNTS, 1e-9) == pytest.approx([1, 1, 1])
    assert class_weights(COUNTS, 1 - 1e-12) == pytest.approx(class_weights(COUNTS, 1), rel=1e-4)


@pytest.mark.parametrize("beta", [1.0, 0.9999, 0.0])
def test_class_balanced_divides_by_the_batch_size(model: Classifier, beta: float) -> None:
    output = output_of(model)
    weights = class_weights(COUNTS, beta)
    pairs = zip(LABELS.tolist(), entropies(output.logits), strict=True)
    expected = sum(weights[label] * entropy for label, entropy in pairs) / 5
    assert loss_of("cb", model, output, beta=beta).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("beta", [-0.1, 1.1, float("nan")])
def test_refuses_beta(beta: float) -> None:
    with pytest.raises(RunError, match="beta"):
        Settings(beta=beta)


def test_dot_regression_holds_the_norms_constant(model: Classifier) -> None:
    output = output_of(model)
    loss = loss_of("wd-etf-dr", model, output)
    loss.backward()
    gradient = output.features.grad
    assert gradient is not None
    total = 0.0
    for i, label in enumerate(LABELS.tolist()):
        feature, weight = output.features[i].detach(), model.head.weight[label].detach()
        norms = float(feature.norm() * weight.norm())
        product = float(feature @ weight)
        total += (product - norms) ** 2 / (2 * norms) / 5
        # d/df of (w·f - n)² / 2n with n constant
        expected = (product - norms) / norms * weight / 5
        torch.testing.assert_close(gradient[i], expected)
    assert loss.item() == pytest.approx(total, rel=1e-6)


def test_dot_regression_of_a_zero_feature_is_zero(model: Classifier) -> None:
    features = torch.zeros(5, 4, requires_grad=True)
    loss = loss_of("wd-etf-dr", model, Output(model.head(features), features))
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-9)
    assert features.grad is not None and not features.grad.isnan().any()


def test_feature_regularisation_adds_zeta_times_the_feature_to_its_gradient(
    model: Classifier,
) -> None:
    plain, regularised = output_of(model), output_of(model)
    before = loss_of("wd-etf", model, plain)
    after = loss_of("wd-fr-etf", model, regularised, feature_regularization=0.3)
    squares = sum(float(feature @ feature) for feature in plain.features.detach())
    assert (after - before).item() == pytest.approx(0.3 / 2 * squares / 5, rel=1e-5)
    before.backward()
    after.backward()
    assert plain.features.grad is not None and regularised.features.grad is not None
    torch.testing.assert_close(
        regularised.features.grad - plain.features.grad, 0.3 * plain.features.detach() / 5
    )
