"""Hidden weights as float16: the file is half as large and is still what PyTorch computes."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import TensorProto
from test_export import METADATA, SHAPE

from tailor_export.errors import ExportError
from tailor_export.export import FEATURES, export_model
from tailor_export.exported import ExportedModel
from tailor_export.half_weights import hidden_layers, round_weights, store_half_weights
from tailor_export.models.extractor import Classifier
from tailor_export.models.mlp import mlp
from tailor_export.models.resnet_cifar import resnet_cifar
from tailor_export.verify import verify


@pytest.fixture(params=["convolutions", "linear"])
def model(request: pytest.FixtureRequest) -> Classifier:
    torch.manual_seed(0)
    if request.param == "linear":
        return mlp(SHAPE, 10, blocks=2, width=64).eval()
    return resnet_cifar(SHAPE, 10, blocks=1, widths=(4, 8)).eval()


def test_the_file_equals_the_rounded_model(model: Classifier, tmp_path: Path) -> None:
    exact = copy.deepcopy(model)
    layers = round_weights(model)
    assert layers == len(list(hidden_layers(model))) > 1
    assert torch.equal(model.head.weight, exact.head.weight)
    weights = zip(hidden_layers(model), hidden_layers(exact), strict=True)
    for (_, rounded), (name, layer) in weights:
        assert not torch.equal(rounded.weight, layer.weight), name
        torch.testing.assert_close(rounded.weight, layer.weight, atol=1e-7, rtol=2**-11)

    proto = export_model(model, SHAPE, METADATA, half_weights=True)
    path = tmp_path / "half.onnx"
    path.write_bytes(proto.SerializeToString())
    images = np.random.default_rng(1).integers(0, 256, (70, *SHAPE), dtype=np.uint8)
    result = verify(ExportedModel(path), model, images)
    assert result.logits < 1e-5 and result.features < 1e-5


def test_only_hidden_weights_are_stored_as_float16(model: Classifier) -> None:
    whole = export_model(model, SHAPE, METADATA)
    layers = round_weights(model)
    proto = export_model(model, SHAPE, METADATA, half_weights=True)
    halves = {t.name for t in proto.graph.initializer if t.data_type == TensorProto.FLOAT16}
    assert halves == {f"extractor.{name}.weight.float16" for name, _ in hidden_layers(model)}
    assert len(halves) == layers
    others = {t.data_type for t in proto.graph.initializer if t.name not in halves}
    assert others <= {TensorProto.FLOAT, TensorProto.INT64}
    kinds = [node.op_type for node in proto.graph.node]
    assert kinds == ["Cast"] * layers + [node.op_type for node in whole.graph.node]
    values = sum(layer.weight.numel() for _, layer in hidden_layers(model))
    saved = whole.ByteSize() - proto.ByteSize()
    assert saved == pytest.approx(2 * values, abs=200 * layers)


def test_weights_that_were_not_rounded_are_refused(model: Classifier) -> None:
    with pytest.raises(ExportError, match="was not rounded"):
        export_model(model, SHAPE, METADATA, half_weights=True)


def test_weights_beyond_float16_are_refused(model: Classifier) -> None:
    name, layer = next(hidden_layers(model))
    with torch.no_grad():
        layer.weight.view(-1)[0] = 7e4
    with pytest.raises(ExportError, match=rf"weights of {name} do not fit .* 7e\+04, and 65504"):
        round_weights(model)


def test_a_weight_that_is_not_found_is_an_error(model: Classifier) -> None:
    proto = export_model(model, SHAPE, METADATA)
    node = next(node for node in proto.graph.node if node.op_type in ("Conv", "Gemm"))
    node.op_type = "Elsewhere"
    round_weights(model)
    with pytest.raises(ExportError, match=r"has \d hidden weights for \d layers"):
        store_half_weights(proto, model, FEATURES)
