"""An exported .onnx file, used as its users use it: through onnxruntime and its own metadata."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from tailor_export.data.dataset import Inputs
from tailor_export.errors import ExportError
from tailor_export.export import FEATURES, INPUT, LOGITS, PREFIX

EVALUATION_BATCH = 250

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    logits: Floats
    features: Floats


class ExportedModel:
    """Reads the file once; everything it is told about itself comes from the metadata."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        try:
            self.content = path.read_bytes()
            self.proto = onnx.load_model_from_string(self.content)
        except OSError as error:
            raise ExportError(f"cannot read {path}: {error.strerror}") from error
        except Exception as error:
            raise ExportError(f"{path} is no ONNX file: {error}") from error
        self.metadata: dict[str, Any] = {
            entry.key.removeprefix(PREFIX): json.loads(entry.value)
            for entry in self.proto.metadata_props
            if entry.key.startswith(PREFIX)
        }
        missing = {"classes", "counts", "training"} - self.metadata.keys()
        if missing:
            raise ExportError(f"{path} has no metadata {', '.join(sorted(missing))} of ours")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            self.content, options, providers=["CPUExecutionProvider"]
        )

    def preprocess(self, images: NDArray[Any]) -> Floats:
        """(pixel * scale - mean) / std of the centre of images; rows of a table as they are."""
        how = self.metadata.get("preprocess")
        if how is None:
            return images.astype(np.float32)
        (height, width), (rows, columns) = how["size"], images.shape[2:]
        if rows < height or columns < width:
            raise ExportError(f"images of {images.shape[2:]} for a model of {how['size']}")
        top, left = (rows - height) // 2, (columns - width) // 2
        images = images[:, :, top : top + height, left : left + width]
        mean, std = (np.array(how[key], np.float32)[:, None, None] for key in ("mean", "std"))
        return ((images.astype(np.float32) * np.float32(how["scale"]) - mean) / std).astype(
            np.float32
        )

    def run(self, inputs: Floats) -> Outputs:
        logits, features = self._session.run([LOGITS, FEATURES], {INPUT: inputs})
        return Outputs(logits, features)

    def predict(self, inputs: Inputs) -> NDArray[np.int64]:
        """The class of every input."""
        starts = range(0, inputs.shape[0], EVALUATION_BATCH)
        batches = (inputs[start : start + EVALUATION_BATCH] for start in starts)
        return np.concatenate(
            [self.run(self.preprocess(batch)).logits.argmax(1) for batch in batches]
        )
