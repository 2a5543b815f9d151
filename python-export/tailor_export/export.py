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
from tailor_export.data.dataset import Dataset
from tailor_export.models.extractor import Classifier
from tailor_export.run import State
from tailor_export.settings import Settings

OPSET = 18
INPUT = "input"
LOGITS = "logits"
FEATURES = "features"
BATCH = "batch"
PREFIX = "onnx_tailor."

CLEAN_UP = [rules.remove_optional_bias_from_conv_rule, rules.materialize_reshape_shape_rule]


def export_model(
    model: Classifier, dataset: Dataset, metadata: Mapping[str, Any]
) -> onnx.ModelProto:
    """The graph with its weights inside; `metadata` goes under `onnx_tailor.*` as JSON.

    Puts the model into evaluation mode and its weights into the default memory format: with
    channels last, global pooling would be written as an index computation over strides.
    """
    proto = _graph(model.eval().to(memory_format=torch.contiguous_format), dataset)
    _remove_traces(proto)
    proto.producer_name = "tailor_export"
    proto.producer_version = f"{__version__} (torch {torch.__version__.split('+')[0]})"
    for key, value in metadata.items():
        proto.metadata_props.add(key=PREFIX + key, value=json.dumps(value, separators=(",", ":")))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def metadata_of(state: State, dataset: Dataset) -> dict[str, Any]:
    """What a user of the file has to know: preprocessing, classes, counts and training."""
    start = state.records[0]
    return {
        "preprocess": dataset.preprocess(),
        "classes": start["classes"],
        "counts": start["counts"],
        "training": training_of(state.settings, start["command"]),
    }


def training_of(settings: Settings, command: str) -> dict[str, Any]:
    return {
        "method": settings.method,
        "model": settings.model,
        "dataset": settings.dataset,
        "imbalanceFactor": settings.imbalance_factor,
        "seed": settings.seed,
        "epochs": settings.epochs,
        "weightDecay": settings.weight_decay,
        "command": command,
        "split": {
            "seed": settings.split_seed,
            "validationPerClass": settings.validation_per_class,
            "key": "fmix32(index ^ fmix32(seed + 0x9E3779B9))",
            "profile": "floor(n_max * imbalanceFactor ** (-k / (classes - 1)))",
        },
    }


def _graph(model: Classifier, dataset: Dataset) -> onnx.ModelProto:
    # A batch of 2: export would take a batch of 1 for a constant.
    example = torch.zeros(2, len(dataset.mean), *dataset.size)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model,
            (example,),
            dynamo=True,
            optimize=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[LOGITS, FEATURES],
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
