"""Whether an exported file is what it must be."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from tailor_export.errors import ExportError
from tailor_export.export import BATCH, FEATURES, INPUT, output_names
from tailor_export.exported import ExportedModel
from tailor_export.models.extractor import Classifier

TOLERANCE = 1e-5
"""Largest difference to PyTorch, relative to the largest value (absolute below 1)."""
BATCHES = (1, 7, 64)


@dataclass(frozen=True)
class Verification:
    """Differences between PyTorch and onnxruntime on the same inputs."""

    samples: int
    logits: float
    features: float
    argmax_agreement: float


def verify(
    exported: ExportedModel, model: Classifier, images: NDArray[Any], *, blocks: bool = False
) -> Verification:
    """Checks structure and outputs; raises where one is wrong."""
    check_structure(exported.proto, model, blocks=blocks)
    inputs = exported.preprocess(images)
    with torch.inference_mode():
        expected = model.eval()(torch.from_numpy(inputs))
    actual = exported.run(inputs)
    for size in BATCHES:
        part = exported.run(inputs[:size]).logits
        if not np.allclose(part, actual.logits[:size], atol=1e-4):
            raise ExportError(f"a batch of {size} gives other logits than the whole")
    result = Verification(
        samples=len(images),
        logits=_difference("logits", actual.logits, expected.logits),
        features=_difference("features", actual.features, expected.features),
        argmax_agreement=float(
            np.mean(actual.logits.argmax(1) == expected.logits.numpy().argmax(1))
        ),
    )
    if result.argmax_agreement < 1:
        raise ExportError(f"classes agree with PyTorch on {result.argmax_agreement:.2%} only")
    return result


def check_structure(proto: onnx.ModelProto, model: Classifier, *, blocks: bool = False) -> None:
    """Names, dynamic batch, batch normalisation, the head and the weights."""
    graph = proto.graph
    names = ([value.name for value in graph.input], [value.name for value in graph.output])
    if names != ([INPUT], output_names(model, blocks)):
        raise ExportError(f"inputs and outputs are {names}")
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.shape.dim[0].dim_param != BATCH:
            raise ExportError(f"the batch axis of {value.name} is not dynamic")
    kinds = Counter(node.op_type for node in graph.node)
    kept = sum(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
    if kinds["BatchNormalization"] != kept:
        raise ExportError(f"{kinds['BatchNormalization']} of {kept} batch normalisations are left")
    heads = [node for node in graph.node if FEATURES in node.input]
    if [node.op_type for node in heads] not in (["Gemm"], ["MatMul"]):
        raise ExportError("the features are not the input of exactly one linear layer")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        raise ExportError("weights lie outside the file")


def _difference(name: str, actual: NDArray[np.float32], expected: torch.Tensor) -> float:
    reference = expected.numpy()
    largest = float(np.abs(actual - reference).max())
    allowed = TOLERANCE * max(1.0, float(np.abs(reference).max()))
    if not largest <= allowed:
        raise ExportError(f"{name} differ from PyTorch by {largest:.2e}; {allowed:.2e} is allowed")
    return largest
