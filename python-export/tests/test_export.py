import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from tailor_export.catalogue import DATASETS
from tailor_export.errors import ExportError
from tailor_export.export import export_model
from tailor_export.exported import ExportedModel
from tailor_export.models.extractor import Classifier
from tailor_export.models.resnet_cifar import resnet_cifar
from tailor_export.verify import check_structure, verify

DATASET = DATASETS.get("cifar10")
SHAPE = (3, 32, 32)
METADATA = {
    "preprocess": DATASET.input.preprocess(),
    "classes": [f"class {k}" for k in range(10)],
    "counts": list(range(10, 0, -1)),
    "training": {"method": "none"},
}


@pytest.fixture(scope="module")
def model() -> Classifier:
    torch.manual_seed(0)
    tiny = resnet_cifar((3, 32, 32), 10, blocks=1, widths=(4, 8))
    for module in tiny.modules():  # as if trained, so that folding would be seen
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_mean, -0.5, 0.5)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return tiny.eval()


@pytest.fixture(scope="module")
def proto(model: Classifier) -> onnx.ModelProto:
    return export_model(model, SHAPE, METADATA)


@pytest.fixture
def path(proto: onnx.ModelProto, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(proto.SerializeToString(deterministic=True))
    return path


def test_batch_normalisation_is_kept_with_its_parameters(
    model: Classifier, proto: onnx.ModelProto
) -> None:
    nodes = [node for node in proto.graph.node if node.op_type == "BatchNormalization"]
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    modules = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(nodes) == len(modules) == 6
    assert sorted(values[node.input[1]].sum() for node in nodes) == sorted(
        module.weight.detach().numpy().sum() for module in modules
    )


def test_interface(proto: onnx.ModelProto) -> None:
    graph = proto.graph
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "input": ["batch", 3, 32, 32],
        "logits": ["batch", 10],
        "features": ["batch", 8],
    }
    assert proto.opset_import[0].version >= 17
    assert {node.op_type for node in graph.node} <= {
        "Add", "BatchNormalization", "Constant", "Conv", "Gemm", "ReduceMean", "Relu", "Reshape",
    }  # fmt: skip


def test_metadata_are_json(proto: onnx.ModelProto) -> None:
    metadata = {entry.key: json.loads(entry.value) for entry in proto.metadata_props}
    assert metadata == {f"onnx_tailor.{key}": value for key, value in METADATA.items()}
    assert metadata["onnx_tailor.preprocess"]["scale"] == 0.00392156862745098


def test_no_trace_of_the_machine(proto: onnx.ModelProto) -> None:
    content = proto.SerializeToString()
    for part in (str(Path(__file__).parents[1]), "site-packages", "stack_trace"):
        assert part.encode() not in content


def test_same_model_same_bytes(model: Classifier, path: Path) -> None:
    again = export_model(model, SHAPE, METADATA).SerializeToString(deterministic=True)
    assert again == path.read_bytes()


def test_memory_format_leaves_no_trace(model: Classifier, path: Path) -> None:
    model.to(memory_format=torch.channels_last)
    again = export_model(model, SHAPE, METADATA).SerializeToString(deterministic=True)
    assert again == path.read_bytes()


def test_equals_pytorch_on_any_batch(model: Classifier, path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (70, 3, 32, 32), dtype=np.uint8)
    exported = ExportedModel(path)
    result = verify(exported, model, images)
    assert result.logits < 1e-5
    assert result.features < 1e-5
    assert result.argmax_agreement == 1
    inputs = torch.from_numpy(exported.preprocess(images))
    expected = model(inputs).logits.argmax(1)
    assert exported.predict(images).tolist() == expected.tolist()


def test_features_are_the_input_of_the_head(model: Classifier, path: Path) -> None:
    inputs = np.random.default_rng(2).normal(size=(3, 3, 32, 32)).astype(np.float32)
    outputs = ExportedModel(path).run(inputs)
    weight, bias = model.head.weight.detach().numpy(), model.head.bias.detach().numpy()
    np.testing.assert_allclose(outputs.features @ weight.T + bias, outputs.logits, atol=1e-5)


def test_another_model_is_noticed(path: Path) -> None:
    torch.manual_seed(1)
    other = resnet_cifar((3, 32, 32), 10, blocks=1, widths=(4, 8)).eval()
    images = np.zeros((2, 3, 32, 32), np.uint8)
    with pytest.raises(ExportError, match="differ from PyTorch"):
        verify(ExportedModel(path), other, images)


def test_folded_batch_normalisation_is_noticed(model: Classifier, proto: onnx.ModelProto) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(proto)
    next(n for n in changed.graph.node if n.op_type == "BatchNormalization").op_type = "Identity"
    with pytest.raises(ExportError, match="5 of 6"):
        check_structure(changed, model)


def test_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    with pytest.raises(ExportError, match="cannot read"):
        ExportedModel(path)
    path.write_bytes(b"no model")
    with pytest.raises(ExportError):
        ExportedModel(path)
