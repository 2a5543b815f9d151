"""From a PyTorch model to one self-contained, deterministic .onnx file.

torch's own optimisation folds batch normalisation into the convolutions, and with it the scaling
and shifting parameters that onnx-tailor wants to read. So it stays off, and only what cannot touch
batch normalisation is applied: constants are folded, zero biases and computed shapes removed.
"""

import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

import onnx
import torch
from onnxscript import optimizer, rewriter
from onnxscript.rewriter.rules import common as rules

from tailor_export import __version__
from tailor_export.catalogue import knobs_of
from tailor_export.half_weights import store_half_weights
from tailor_export.models.extractor import Classifier, Shape
from tailor_export.prepare import Prepared
from tailor_export.run import State
from tailor_export.settings import Settings, camel

OPSET = 18
INPUT = "input"
LOGITS = "logits"
FEATURES = "features"
BATCH = "batch"
PREFIX = "onnx_tailor."

CLEAN_UP = [rules.remove_optional_bias_from_conv_rule, rules.materialize_reshape_shape_rule]


def export_model(
    model: Classifier,
    shape: Shape,
    metadata: Mapping[str, Any],
    *,
    blocks: bool = False,
    half_weights: bool = False,
) -> onnx.ModelProto:
    """The graph with its weights inside; `metadata` goes under `onnx_tailor.*` as JSON.

    `shape` is that of one input. With `blocks` the outputs of all blocks are outputs too. With
    `half_weights` what `round_weights` rounded before is stored as float16.
    Puts the model into evaluation mode and its weights into the default memory format: with
    channels last, global pooling would be written as an index computation over strides.
    """
    proto = _graph(model.eval().to(memory_format=torch.contiguous_format), shape, blocks)
    _remove_traces(proto)
    if half_weights:
        store_half_weights(proto, model, FEATURES)
    proto.producer_name = "tailor_export"
    proto.producer_version = f"{__version__} (torch {torch.__version__.split('+')[0]})"
    for key, value in metadata.items():
        proto.metadata_props.add(key=PREFIX + key, value=json.dumps(value, separators=(",", ":")))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def metadata_of(state: State, data: Prepared, *, half_weights: bool = False) -> dict[str, Any]:
    """What a user of the file has to know: preprocessing, classes, counts and training.

    Tables have the names of their columns in place of a preprocessing. Where weights were rounded,
    `weights` says so.
    """
    start = state.records[0]
    how = data.dataset.input.preprocess()
    return {
        **({"preprocess": how} if how else {"columns": list(data.columns)}),
        "classes": start["classes"],
        "counts": start["counts"],
        "training": training_of(state.settings, start["command"], start.get("commit")),
        **({"weights": {"hidden": "float16", "other": "float32"}} if half_weights else {}),
    }


def training_of(settings: Settings, command: str, commit: str | None) -> dict[str, Any]:
    """`commit` is that of this program when the training began, where that is known."""
    return {
        "method": settings.method,
        "model": settings.model,
        "dataset": settings.dataset,
        "imbalanceFactor": settings.imbalance_factor,
        "seed": settings.seed,
        "epochs": settings.epochs,
        "weightDecay": settings.weight_decay,
        **{camel(knob): getattr(settings, knob) for knob in knobs_of(settings)},
        "command": command,
        **({"commit": commit} if commit else {}),
        "split": {
            "seed": settings.split_seed,
            "validationPerClass": settings.validation_per_class,
            **({"testPerClass": settings.test_per_class} if settings.test_per_class else {}),
            "key": "fmix32(index ^ fmix32(seed + 0x9E3779B9))",
            "profile": "floor(n_max * imbalanceFactor ** (-k / (classes - 1)))",
        },
    }


def output_names(model: Classifier, blocks: bool) -> list[str]:
    """logits, features and, if wanted, block1, block2, ..."""
    numbers = range(1, len(model.blocks) + 1) if blocks else ()
    return [LOGITS, FEATURES, *(f"block{number}" for number in numbers)]


class _WithBlocks(torch.nn.Module):
    """The model with the outputs of its blocks."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.model.forward_blocks(inputs)


def _graph(model: Classifier, shape: Shape, blocks: bool) -> onnx.ModelProto:
    # A batch of 2: export would take a batch of 1 for a constant.
    example = torch.zeros(2, *shape)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _WithBlocks(model) if blocks else model,
            (example,),
            dynamo=True,
            optimize=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=output_names(model, blocks),
            dynamic_shapes=({0: torch.export.Dim(BATCH)},),
            external_data=False,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    for _ in range(2):  # the first round makes constants that the second can use
        # Not optimizer.optimize: that one fuses batch normalisation.
        optimizer.fold_constants(proto)
        optimizer.remove_unused_nodes(proto)
        proto = rewriter.rewrite(proto, pattern_rewrite_rules=CLEAN_UP)
    return proto


def _remove_traces(proto: onnx.ModelProto) -> None:
    """Stack traces with the paths of this machine, and what else torch notes for debugging."""
    graph = proto.graph
    del proto.metadata_props[:]
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    for tensor in graph.initializer:
        del tensor.metadata_props[:]
        tensor.ClearField("doc_string")
