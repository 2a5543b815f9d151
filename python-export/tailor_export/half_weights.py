"""The weights of hidden layers as float16, which makes a file of linear layers half as large.

They are rounded in PyTorch before the export, so that model and file are the same function, and the
graph casts what it stores to float32: a runtime that folds constants computes as before. The head
and batch normalisation stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from tailor_export.errors import ExportError
from tailor_export.models.extractor import Classifier

LAYERS = {"Conv", "Gemm", "MatMul"}


@dataclass(frozen=True)
class Rounding:
    """What rounding did to the model."""

    layers: int
    logits: float
    """Largest difference to the logits of the model as it was trained."""
    largest: float
    """The largest of those logits, without its sign."""
    samples: int
    """Of validation, that the logits are those of."""
    test_average: float
    """Accuracy on test before, averaged over classes."""


def hidden_layers(model: Classifier) -> Iterator[tuple[str, nn.Linear | nn.Conv2d]]:
    """Every linear layer and convolution of the extractor."""
    for name, module in model.extractor.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            yield name, module


def round_weights(model: Classifier) -> int:
    """Rounds the weights of the hidden layers to the nearest float16; the number of layers."""
    layers = list(hidden_layers(model))
    for name, layer in layers:
        rounded = layer.weight.detach().half().float()
        if not torch.isfinite(rounded).all():
            largest = layer.weight.abs().max().item()
            raise ExportError(
                f"the weights of {name} do not fit into float16: the largest is {largest:.3g}, and "
                f"{torch.finfo(torch.float16).max:.0f} is the largest allowed; export without "
                "--half-weights"
            )
        layer.weight = nn.Parameter(rounded)
    return len(layers)


def store_half_weights(proto: onnx.ModelProto, model: Classifier, features: str) -> None:
    """Stores what `round_weights` rounded as float16, cast to float32.

    `features` is the input of the head, which is left alone. A weight that float16 does not hold
    exactly is an error.
    """
    graph = proto.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    hidden = {
        node.input[1]
        for node in graph.node
        if node.op_type in LAYERS and node.input[0] != features and node.input[1] in stored
    }
    layers = len(list(hidden_layers(model)))
    if len(hidden) != layers:
        raise ExportError(f"the graph has {len(hidden)} hidden weights for {layers} layers")
    casts = []
    for name in sorted(hidden):
        tensor = stored[name]
        weight = numpy_helper.to_array(tensor)
        half = weight.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), weight):
            raise ExportError(f"the weight {name} was not rounded to float16")
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.float16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
