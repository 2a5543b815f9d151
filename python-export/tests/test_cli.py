"""The whole way on tiny data: train, export, evaluate."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import write_cifar100
from test_mnist import write_mnist

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


def test_mnist_with_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, run = ["--data", str(write_mnist(tmp_path))], tmp_path / "run"
    given = ["--dataset", "mnist", "--method", "wd-fr-etf", "--epochs", "1"]
    limits = ["--validation-per-class", "3", "--feature-regularization", "0.02"]
    assert main(["train", *given, *limits, *data, "--out", str(run)]) == 0
    out = tmp_path / "mlp.onnx"
    export = ["export", "--run", str(run), *data, "--out", str(out)]
    assert main([*export, "--features-of-blocks"]) == 0
    model = onnx.load(out)
    assert [output.name for output in model.graph.output] == [
        *("logits", "features", "block1", "block2"),
    ]
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata["onnx_tailor.preprocess"]["channels"] == "GRAY"
    assert metadata["onnx_tailor.training"]["model"] == "mlp3"
    assert metadata["onnx_tailor.training"]["featureRegularization"] == 0.02
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "`block2` [batch, 1024]" in card
    assert "feature regularisation 0.02; no augmentation" in " ".join(card.split())
    capsys.readouterr()
    assert main(["evaluate", str(out), *data]) == 0
    assert capsys.readouterr().out.strip() in card

    half = tmp_path / "half.onnx"
    assert main([*export[:-1], str(half), "--half-weights"]) == 0
    assert half.stat().st_size < 0.52 * out.stat().st_size
    metadata = {entry.key: json.loads(entry.value) for entry in onnx.load(half).metadata_props}
    assert metadata["onnx_tailor.weights"] == {"hidden": "float16", "other": "float32"}
    card = " ".join(half.with_suffix(".md").read_text(encoding="utf-8").split())
    assert "the weights of the 3 hidden layers as float16" in card
    assert "differ from PyTorch's, with the weights rounded alike, by at most" in card
    assert "were rounded to float16 after training" in card


def test_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    rows = [
        f"{size:.4f},{'ab'[label % 2]},{label}"
        for size, label in zip(random.normal(size=90) * 50 + labels, labels, strict=True)
    ]
    (tmp_path / "x.csv").write_text("size,letter,target\n" + "\n".join(rows), encoding="utf-8")
    data, run, out = ["--data", str(tmp_path)], tmp_path / "run", tmp_path / "x.onnx"
    given = ["--dataset", "table:x.csv", "--method", "ce-wd", "--epochs", "1"]
    limits = ["--validation-per-class", "4", "--test-per-class", "5"]
    assert main(["train", *given, *limits, *data, "--out", str(run)]) == 0
    start = json.loads((run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert start["samples"] == {"train": 63, "validation": 12, "test": 15}
    assert start["settings"]["optimizer"] == "adamw"
    assert main(["export", "--run", str(run), *data, "--out", str(out)]) == 0
    metadata = {entry.key: json.loads(entry.value) for entry in onnx.load(out).metadata_props}
    assert metadata["onnx_tailor.columns"] == ["size", "letter=a", "letter=b"]
    assert "onnx_tailor.preprocess" not in metadata
    card = out.with_suffix(".md").read_text(encoding="utf-8")
    assert "float32 [batch, 3]" in card and "AdamW" in card and "63 rows" in card
    capsys.readouterr()
    assert main(["evaluate", str(out), *data]) == 0
    assert capsys.readouterr().out.strip() in card


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "cifar10", "--test-per-class", "3"], "test data of its own"),
        (["--dataset", "cifar10", "--validation-per-class", "0"], "no validation data"),
        (["--method", "ce", "--beta", "0.9"], "has no beta"),
        (["--dropout", "0.1"], "model 'resnet20' has no dropout"),
        (["--optimizer", "adamw", "--momentum", "0.5"], "has no momentum"),
        (["--device", "meta"], "allowed are cpu and cuda"),
        (["--batch", "1"], "batch must be at least 2"),
        (["--seed", "9999999999"], "seed must be below"),
        (["--model", "table-mlp"], "takes rows"),
        (["--dataset", "cifar11"], "unknown data set 'cifar11'"),
        (["--dataset", "chair:x"], "unknown family"),
        (["--dataset", "cifar100"], "train.bin"),
    ],
)
def test_refuses_before_anything_is_trained(
    data_root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    out = tmp_path / "run"
    small = [] if "--validation-per-class" in arguments else ["--validation-per-class", "7"]
    given = [*arguments, *small, "--imbalance-factor", "4", "--data", str(data_root)]
    assert main(["train", *given, "--out", str(out)]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_refuses_an_etf_that_does_not_exist_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--dataset", "cifar100", "--data", str(write_cifar100(tmp_path, 3))]
    given = ["--method", "wd-etf", "--imbalance-factor", "1", "--validation-per-class", "1"]
    assert main(["train", *data, *given, "--out", str(tmp_path / "run")]) == 1
    message = capsys.readouterr().err
    assert "100 classes needs at least 99 feature dimensions, but the model has 64" in message
    assert not (tmp_path / "run").exists()


def test_an_out_that_is_no_folder_is_refused_before_anything_is_trained(
    data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    out = tmp_path / "file" / "run"
    assert main([*TRAIN, "--data", str(data_root), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert "cannot make the folder" in error and "epoch" not in error


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
