"""What each method does to the model and which of its parameters it decays."""

import pytest
import torch
from torch import nn

from tailor_export.catalogue import METHODS
from tailor_export.errors import RunError
from tailor_export.methods.simplex import simplex_etf, zero_sum_basis
from tailor_export.models.extractor import Classifier
from tailor_export.models.resnet_cifar import resnet_cifar
from tailor_export.recipe import settings_from
from tailor_export.train import make_optimizer

HEAD = {"head.weight", "head.bias"}
PAPER = {
    *("ce", "cb", "ce-wd", "cb-wd", "wd-without-bn", "wd-fixed-bn"),
    *("wd-etf", "wd-fr-etf", "wd-etf-dr"),
}
ETF = {"wd-etf", "wd-fr-etf", "wd-etf-dr", "wd-without-bn-etf", "wd-fixed-bn-etf"}


def prepared(name: str, **changes: object) -> tuple[Classifier, set[str], set[str]]:
    """A small model, the names of its decayed and of its trained but not decayed parameters."""
    settings = settings_from({"method": name, **changes})
    torch.manual_seed(0)
    model = resnet_cifar((3, 32, 32), 5, blocks=1, widths=(4, 8))
    METHODS.get(name).prepare(model, settings)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups: dict[bool, set[str]] = {True: set(), False: set()}
    for group in make_optimizer(model, settings, METHODS.get(name)).param_groups:
        groups[group["weight_decay"] > 0] |= {names[id(p)] for p in group["params"]}
        assert group["weight_decay"] in (0, settings.weight_decay)
    return model, groups[True], groups[False]


def parts(model: nn.Module) -> tuple[set[str], set[str]]:
    """Names of the parameters of convolutions, and of batch normalisations."""
    found: tuple[set[str], set[str]] = (set(), set())
    for name, module in model.named_modules():
        own = {f"{name}.{key}" for key, _ in module.named_parameters(recurse=False)}
        if isinstance(module, nn.Conv2d):
            found[0].update(own)
        elif isinstance(module, nn.BatchNorm2d):
            found[1].update(own)
    return found


def test_all_methods_of_the_paper_are_there() -> None:
    assert set(METHODS.names()) >= PAPER


def test_every_method_trains_and_decays_what_it_should() -> None:
    model, _, _ = prepared("ce")
    convolutions, norms = parts(model)
    assert (len(convolutions), len(norms)) == (6, 12)
    everything = convolutions | norms | HEAD
    expected = {
        "ce": (set(), everything),
        "cb": (set(), everything),
        "ce-wd": (everything, set()),
        "cb-wd": (everything, set()),
        "wd-without-bn": (convolutions | HEAD, norms),
        "wd-fixed-bn": (convolutions | HEAD, set()),
        "wd-etf": (convolutions | norms, set()),
        "wd-fr-etf": (convolutions | norms, set()),
        "wd-etf-dr": (convolutions | norms, set()),
        "wd-without-bn-etf": (convolutions, norms),
        "wd-fixed-bn-etf": (convolutions, set()),
    }
    assert expected.keys() == set(METHODS.names())
    for name, (decayed, spared) in expected.items():
        assert prepared(name)[1:] == (decayed, spared), name


def test_the_bias_of_the_head_can_be_spared() -> None:
    _, decayed, spared = prepared("ce-wd", decay_head_bias=False)
    assert "head.bias" not in decayed
    assert spared == {"head.bias"}


def test_fixed_batch_norm_is_one_scale_everywhere() -> None:
    model, _, _ = prepared("wd-fixed-bn", bn_scale=0.05)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 6
    for norm in norms:
        assert torch.equal(norm.weight, torch.full_like(norm.weight, 0.05))
        assert torch.equal(norm.bias, torch.zeros_like(norm.bias))
        assert not norm.weight.requires_grad and not norm.bias.requires_grad


@pytest.mark.parametrize("name", sorted(ETF))
def test_etf_heads_are_fixed_and_without_bias(name: str) -> None:
    model, _, _ = prepared(name)
    assert isinstance(model.head, nn.Linear)
    assert not model.head.weight.requires_grad and not model.head.bias.requires_grad
    assert torch.equal(model.head.bias, torch.zeros(5))
    gram = model.head.weight @ model.head.weight.T
    torch.testing.assert_close(gram, 1.25 * torch.eye(5) - 0.25)
    assert torch.equal(prepared(name)[0].head.weight, model.head.weight)
    other = prepared(name, seed=1)[0].head.weight
    assert not torch.allclose(other, model.head.weight, atol=0.1)


def test_a_bias_beside_the_etf_as_in_the_published_code() -> None:
    model, decayed, _ = prepared("wd-etf", etf_bias=True)
    assert "head.bias" in decayed and "head.weight" not in decayed
    assert torch.equal(model.head.bias, torch.zeros(5))


@pytest.mark.parametrize(
    ("classes", "dimensions"), [(2, 1), (10, 9), (10, 10), (10, 64), (100, 99)]
)
def test_geometry_of_the_etf(classes: int, dimensions: int) -> None:
    weight = simplex_etf(classes, dimensions, seed=3).double()
    gram = weight @ weight.T
    off_diagonal = gram[~torch.eye(classes, dtype=torch.bool)]
    assert weight.shape == (classes, dimensions)
    torch.testing.assert_close(gram.diagonal(), torch.ones(classes).double(), atol=1e-6, rtol=0)
    assert off_diagonal.min().item() == pytest.approx(-1 / (classes - 1), abs=1e-6)
    assert off_diagonal.max().item() == pytest.approx(-1 / (classes - 1), abs=1e-6)
    assert weight.sum(0).abs().max().item() < 1e-5


def test_basis_is_orthonormal_and_sums_to_zero() -> None:
    basis = zero_sum_basis(7)
    torch.testing.assert_close(basis.T @ basis, torch.eye(6).double())
    assert basis.sum(0).abs().max().item() < 1e-12


@pytest.mark.parametrize(("classes", "dimensions"), [(10, 8), (1, 5)])
def test_an_etf_that_does_not_exist(classes: int, dimensions: int) -> None:
    with pytest.raises(RunError, match="needs at least"):
        simplex_etf(classes, dimensions, seed=0)


def test_defaults_are_those_of_the_paper() -> None:
    decays = {name: settings_from({"method": name}).weight_decay for name in METHODS.names()}
    assert {name for name, decay in decays.items() if decay == 0} == {"ce", "cb"}
    assert set(decays.values()) == {0, 5e-3}
    assert settings_from({"method": "cb"}).beta == 1
    assert settings_from({"method": "wd-fr-etf"}).feature_regularization == 1e-2
    assert settings_from({"method": "wd-etf"}).feature_regularization == 0
    assert settings_from({"method": "ce-wd", "weight_decay": 0.0}).weight_decay == 0


@pytest.mark.parametrize(
    "given",
    [
        {"method": "ce", "beta": 0.9999},
        {"method": "wd-etf", "feature_regularization": 0.1},
        {"method": "wd-etf", "bn_scale": 0.1},
        {"method": "wd-fixed-bn", "etf_bias": True},
    ],
)
def test_a_setting_that_would_change_nothing_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(RunError, match="has no"):
        settings_from(given)


def test_a_data_set_has_its_own_strengths_but_makes_no_method_do_more() -> None:
    table = {"dataset": "helena"}
    assert settings_from(table).model == "table-mlp"
    assert settings_from(table).optimizer == "adamw"
    assert settings_from({**table, "method": "ce-wd"}).weight_decay == 0.1
    assert settings_from({**table, "method": "ce"}).weight_decay == 0
    assert settings_from({**table, "method": "ce-wd", "weight_decay": 0.2}).weight_decay == 0.2
    assert settings_from({**table, "epochs": 3}).epochs == 3
    assert settings_from({"dataset": "mnist"}).imbalance_factor == 0
