"""The folder of a training run: its checkpoint and its metrics."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tailor_export.errors import RunError
from tailor_export.files import remove_temporary_files, write_atomically
from tailor_export.settings import Settings

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
FORGETTING = "forgetting.npz"

Record = dict[str, Any]


@dataclass
class State:
    """Everything that a run needs to go on after a kill."""

    settings: Settings
    epoch: int = 0
    """Epochs done."""
    model: dict[str, torch.Tensor] = field(default_factory=dict)
    optimizer: dict[str, Any] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    """The lines of the metrics file: a start, one per epoch, an end."""
    forgetting: dict[str, torch.Tensor] = field(default_factory=dict)
    """What `Forgetting` has counted so far."""

    @property
    def finished(self) -> bool:
        return bool(self.records) and self.records[-1]["event"] == "end"


@dataclass(frozen=True)
class RunFolder:
    path: Path

    def open(self, state: State) -> None:
        """Makes the folder, and puts right what a kill while saving has left in it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot make the folder {self.path}: {error.strerror}") from error
        for name in (CHECKPOINT, METRICS, FORGETTING):
            remove_temporary_files(self.path / name)
        if state.epoch > 0:
            write_atomically(self.path / METRICS, metrics_lines(state.records))

    def save(self, state: State) -> None:
        """The metrics follow the checkpoint: both are whole after a kill at any time.

        Between the two the metrics lack a line, which `open` adds.
        """
        buffer = io.BytesIO()
        torch.save({**vars(state), "settings": vars(state.settings)}, buffer)
        write_atomically(self.path / CHECKPOINT, buffer.getvalue())
        write_atomically(self.path / METRICS, metrics_lines(state.records))

    def save_forgetting(self, scores: NDArray[np.int64], labels: NDArray[np.int64]) -> None:
        """In the order of the training samples."""
        buffer = io.BytesIO()
        np.savez(buffer, scores=scores, labels=labels)
        write_atomically(self.path / FORGETTING, buffer.getvalue())

    def load(self) -> State | None:
        """The last saved state, or None where there is none."""
        path = self.path / CHECKPOINT
        if not path.exists():
            return None
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            return State(**{**content, "settings": Settings(**content["settings"])})
        except Exception as error:
            raise RunError(f"{path} is no checkpoint of this program: {error}") from error


def metrics_lines(records: list[Record]) -> bytes:
    """One JSON document a line."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()
