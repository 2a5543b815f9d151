"""A run that is killed ends with the same weights as one that is not."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tailor_export
from tailor_export import run as run_module
from tailor_export.errors import RunError
from tailor_export.files import write_atomically
from tailor_export.prepare import prepare
from tailor_export.recipe import settings_from
from tailor_export.run import CHECKPOINT, FORGETTING, METRICS, RunFolder, State
from tailor_export.train import train

EPOCHS = 12
KILLS = 3
TABLE = {
    "dataset": "table:x.csv",
    "method": "ce-wd",
    "epochs": EPOCHS,
    "validation_per_class": 4,
    "test_per_class": 5,
}
"""AdamW and dropout: of all models the one with the most that a checkpoint must hold."""


@pytest.fixture(scope="module")
def table_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("table")
    values = np.random.default_rng(0).normal(size=(300, 4))
    rows = [f"{','.join(map(str, row))},{i % 3}" for i, row in enumerate(values)]
    (root / "x.csv").write_text("a,b,c,d,class\n" + "\n".join(rows), encoding="utf-8")
    return root


def finish(root: Path, out: Path, **changes: Any) -> State:
    settings = settings_from({**TABLE, **changes})
    return train(settings, prepare(settings, root), RunFolder(out), log=lambda line: None)


@pytest.fixture(scope="module")
def whole(table_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    finish(table_root, out)
    return out


def assert_same_end(out: Path, whole: Path) -> None:
    """Weights, what the optimizer keeps, forgetting scores and metrics."""
    one, other = (RunFolder(path).load() for path in (out, whole))
    assert one is not None and other is not None and one.finished and other.finished
    assert one.model.keys() == other.model.keys()
    for name, tensor in one.model.items():
        assert torch.equal(tensor, other.model[name]), name
    for key, values in one.optimizer["state"].items():
        for name, value in values.items():
            assert torch.equal(value, other.optimizer["state"][key][name])
    assert (out / FORGETTING).read_bytes() == (whole / FORGETTING).read_bytes()
    assert lines(out) == lines(whole)
    assert sorted(path.name for path in out.iterdir()) == sorted([CHECKPOINT, METRICS, FORGETTING])


def lines(out: Path) -> list[dict[str, Any]]:
    """The metrics but for what tells time and command."""
    text = (out / METRICS).read_text(encoding="utf-8")
    records = [json.loads(line) for line in text.splitlines()]
    own = {"seconds", "command", "commit"}
    return [{key: value for key, value in r.items() if key not in own} for r in records]


def test_killed_at_random_moments(table_root: Path, whole: Path, tmp_path: Path) -> None:
    given = [part for k, v in TABLE.items() for part in (f"--{k.replace('_', '-')}", str(v))]
    out = tmp_path / "run"
    command = [sys.executable, "-m", "tailor_export", "train", *given]
    command += ["--data", str(table_root), "--out", str(out)]
    root = Path(tailor_export.__file__).parents[1]
    kills = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as child:
            assert child.stderr is not None
            for line in child.stderr:
                if line.startswith("epoch"):
                    time.sleep(random.uniform(0, 0.2))  # somewhere in the next epoch or save
                    child.kill()
                    break
        kills += child.returncode != 0
    assert kills > 0
    subprocess.run(command, cwd=root, stderr=subprocess.DEVNULL, check=True)
    assert_same_end(out, whole)


class Killed(BaseException):
    """As no handler would catch it."""


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("place", range(5))
def test_killed_at_every_write(
    table_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int, written: bool
) -> None:
    """Two epochs write checkpoint, metrics; forgetting scores, checkpoint, metrics."""
    finish(table_root, tmp_path / "whole", epochs=2)
    names = iter([CHECKPOINT, METRICS, FORGETTING, CHECKPOINT, METRICS])
    left = place

    def dying(path: Path, content: bytes) -> None:
        nonlocal left
        assert path.name == next(names)
        if left > 0 or written:
            write_atomically(path, content)
        else:
            path.with_name(f"{path.name}.1.tmp").write_bytes(content[:99])
        left -= 1
        if left < 0:
            raise Killed

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_atomically", dying)
        with pytest.raises(Killed):
            finish(table_root, out, epochs=2)
    finish(table_root, out, epochs=2)
    assert_same_end(out, tmp_path / "whole")


def test_a_run_does_not_go_on_with_other_data(table_root: Path, tmp_path: Path) -> None:
    settings = settings_from({**TABLE, "epochs": 2})
    data = prepare(settings, table_root)
    train(settings, data, RunFolder(tmp_path / "run"), stop_after=1, log=lambda line: None)
    text = (table_root / "x.csv").read_text(encoding="utf-8")
    (tmp_path / "x.csv").write_text(f"{text}\n1,2,3,4,0", encoding="utf-8")
    with pytest.raises(RunError, match="a run on other data"):
        train(settings, prepare(settings, tmp_path), RunFolder(tmp_path / "run"))
