import math

import numpy as np
import pytest
import torch
from torch import nn

from tailor_export.catalogue import MODELS
from tailor_export.errors import RunError
from tailor_export.models.extractor import Classifier, Shape
from tailor_export.models.table_mlp import Standardise, table_mlp

MNIST = (1, 28, 28)
CIFAR = (3, 32, 32)
IMAGENET = (3, 224, 224)
SQUARE = 1024 * 1024
NORM = 2 * 1024

# The sizes of ResNet-34 and ResNeXt-50 with the stem of ImageNet and 1000 classes are those that
# torchvision gives for its models.
CASES: dict[str, tuple[Shape, int, int, int]] = {
    "mlp3": (MNIST, 10, 1024, 784 * 1024 + 2 * SQUARE + 3 * NORM + 10_250),
    "mlp4": (MNIST, 10, 1024, 784 * 1024 + 3 * SQUARE + 4 * NORM + 10_250),
    "mlp5": (MNIST, 10, 1024, 784 * 1024 + 4 * SQUARE + 5 * NORM + 10_250),
    "resblock1": (MNIST, 10, 1024, 784 * 1024 + 2 * SQUARE + 3 * NORM + 10_250),
    "resblock2": (MNIST, 10, 1024, 784 * 1024 + 4 * SQUARE + 5 * NORM + 10_250),
    "resnet20": (CIFAR, 10, 64, 272_474),
    "resnet34": (CIFAR, 1000, 512, 21_797_672 - 64 * 3 * (49 - 9)),
    "resnet34-imagenet": (IMAGENET, 1000, 512, 21_797_672),
    "resnext50": (CIFAR, 1000, 2048, 25_028_904 - 64 * 3 * (49 - 9)),
    "resnext50-imagenet": (IMAGENET, 1000, 2048, 25_028_904),
    "table-mlp": ((27,), 100, 512, 27 * 512 + 8 * 512 * 512 + 9 * 2 * 512 + 51_300),
}


def built(name: str) -> Classifier:
    shape, classes, _, _ = CASES[name]
    return MODELS.get(name).build(shape, classes)


def test_every_model_has_a_case() -> None:
    assert sorted(CASES) == MODELS.names()


@pytest.mark.parametrize("name", sorted(CASES))
def test_shapes_and_size(name: str) -> None:
    shape, classes, dimensions, size = CASES[name]
    torch.manual_seed(0)
    model = built(name).eval()
    assert sum(parameter.numel() for parameter in model.parameters()) == size
    if math.prod(shape) > 10_000:
        shape = (3, 64, 64)  # any size will do, and this one is quick
    inputs = torch.randn(2, *shape)
    with torch.inference_mode():
        output = model(inputs)
        logits, features, *blocks = model.forward_blocks(inputs)
        torch.testing.assert_close(model.head(features), logits)
    assert output.logits.shape == (2, classes)
    assert output.features.shape == (2, dimensions)
    assert output.features.min() >= 0  # after a ReLU
    assert torch.equal(logits, output.logits) and torch.equal(features, output.features)
    assert len(blocks) == len(model.blocks) > 0
    assert all(block.shape[0] == 2 for block in blocks)


@pytest.mark.parametrize(
    ("name", "blocks"),
    [("mlp3", 2), ("mlp5", 4), ("resblock1", 1), ("resblock2", 2), ("resnet20", 9)],
)
def test_blocks_are_those_before_the_features(name: str, blocks: int) -> None:
    assert len(built(name).blocks) == blocks


@pytest.mark.parametrize("name", ["mlp3", "resblock2", "table-mlp"])
def test_hidden_linear_layers_have_no_bias(name: str) -> None:
    model = built(name)
    linear = [module for module in model.extractor.modules() if isinstance(module, nn.Linear)]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d)]
    assert all(layer.bias is None for layer in linear)
    assert len(norms) == len(linear)


def test_stems() -> None:
    for name, side in (("resnet34", 64), ("resnext50-imagenet", 16)):
        stem = built(name).extractor[: built(name).blocks[0]]
        assert stem(torch.zeros(1, 3, 64, 64)).shape == (1, 64, side, side)


@pytest.mark.parametrize(("name", "shape"), [("resnet20", (27,)), ("table-mlp", (3, 32, 32))])
def test_inputs_that_do_not_fit(name: str, shape: Shape) -> None:
    with pytest.raises(RunError, match="takes"):
        MODELS.get(name).build(shape, 10)


def test_columns_are_standardised_inside_the_model() -> None:
    random = np.random.default_rng(0)
    rows = (random.normal(size=(500, 3)) * [1, 100, 0] + [5, -300, 7]).astype(np.float32)
    layer = Standardise(3)
    layer.fit(rows)
    standard = layer(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(standard.std(axis=0), [1, 1, 0], atol=1e-4)
    assert layer.state_dict().keys() == {"mean", "scale"}


def test_dropout_is_only_there_in_training() -> None:
    torch.manual_seed(0)
    model = table_mlp((4,), 3, layers=2, width=16, dropout=0.5)
    inputs = torch.randn(8, 4)
    assert not torch.equal(model(inputs).features, model(inputs).features)
    model.eval()
    assert torch.equal(model(inputs).features, model(inputs).features)
