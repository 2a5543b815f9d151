"""The whole way on tiny data: train, export, evaluate."""

import json
from pathlib import Path

import onnx
import pytest

from tailor_export.cli import main

TRAIN = [
    *("train", "--epochs", "2", "--batch", "80", "--imbalance-factor", "4"),
    *("--validation-per-class", "7"),
]


def test_train_export_evaluate(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, run, out = ["--data", str(data_root)], tmp_path / "run", tmp_path / "tiny.onnx"
    assert main([*TRAIN, *data, "--out", str(run)]) == 0
    assert capsys.readouterr().err.count("epoch ") == 2

    export = ["export", "--run", str(run), *data, "--out", str(out)]
    assert main(export) == 0
    tables = capsys.readouterr().out.split("\n\n", 1)[1]
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert tables.strip() in card
    assert "python -m tailor_export train --epochs 2" in card
    log = out.with_suffix(".log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in log] == ["start", "epoch", "epoch", "end"]
    metadata = {entry.key: entry.value for entry in onnx.load(out).metadata_props}
    training = json.loads(metadata["onnx_tailor.training"])
    assert training["method"] == "ce-wd"
    assert training["split"]["validationPerClass"] == 7
    assert training["weightDecay"] == 5e-3

    content = out.read_bytes()
    assert main(export) == 1
    assert "--force" in capsys.readouterr().err
    assert main([*export, "--force"]) == 0
    assert out.read_bytes() == content
    assert out.with_suffix(".md").read_text(encoding="utf-8") == card
    capsys.readouterr()

    assert main(["evaluate", str(out), *data]) == 0
    assert capsys.readouterr().out == tables


def test_an_unfinished_or_missing_run(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(data_root), "--out", str(tmp_path / "x.onnx")]
    assert main(["export", "--run", str(tmp_path), *arguments]) == 1
    assert "no run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_missing_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    assert main([*TRAIN, "--data", str(tmp_path), "--out", str(out)]) == 1
    assert "fetch-cifar10" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("arguments", [[], ["train", "--method", "magic"], ["fly"]])
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
