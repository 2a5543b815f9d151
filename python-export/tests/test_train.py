import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tailor_export.catalogue import METHODS, MODELS
from tailor_export.errors import RunError, TailorExportError
from tailor_export.prepare import prepare
from tailor_export.publish import trained_model
from tailor_export.recipe import settings_from
from tailor_export.run import CHECKPOINT, FORGETTING, METRICS, RunFolder, State
from tailor_export.settings import Settings
from tailor_export.train import cosine, forward, initial_model, make_optimizer, train


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "imbalance_factor": 4,
        "validation_per_class": 3,
        "epochs": 3,
        "batch": 80,
        "weight_decay": 5e-3,
    }
    return Settings(**{**values, **changes})


def run(root: Path, out: Path, stop_after: int | None = None, **changes: Any) -> State:
    chosen = settings(**changes)
    return train(
        chosen, prepare(chosen, root), RunFolder(out), stop_after=stop_after, log=lambda line: None
    )


def without_seconds(state: State) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in record.items() if key != "seconds"}
        for record in state.records
    ]


def test_a_stopped_run_ends_like_one_that_was_not(data_root: Path, tmp_path: Path) -> None:
    whole = run(data_root, tmp_path / "whole")
    run(data_root, tmp_path / "parts", stop_after=1)
    run(data_root, tmp_path / "parts", stop_after=2)
    parts = run(data_root, tmp_path / "parts")
    assert whole.finished and parts.finished
    assert whole.model.keys() == parts.model.keys()
    for name, tensor in whole.model.items():
        assert torch.equal(tensor, parts.model[name]), name
    assert without_seconds(whole) == without_seconds(parts)
    scores, again = ((tmp_path / folder / FORGETTING).read_bytes() for folder in ("whole", "parts"))
    assert scores == again


def test_forgetting_scores_are_recorded(data_root: Path, tmp_path: Path) -> None:
    state = run(data_root, tmp_path)
    with np.load(tmp_path / FORGETTING) as content:
        scores, labels = content["scores"], content["labels"]
    counts = state.records[0]["counts"]
    assert np.bincount(labels).tolist() == counts
    assert scores.min() >= 0 and scores.max() <= 3
    summary = state.records[-1]["forgetting"]
    assert summary["perClass"] == [scores[labels == k].mean() for k in range(10)]
    assert summary["few"] == pytest.approx(summary["average"])


@pytest.mark.parametrize("method", METHODS.names())
def test_every_method_trains_an_epoch(data_root: Path, tmp_path: Path, method: str) -> None:
    given = {"method": method, "imbalance_factor": 4, "validation_per_class": 3, "epochs": 1}
    chosen = settings_from({**given, "batch": 80})
    state = train(chosen, prepare(chosen, data_root), RunFolder(tmp_path), log=lambda line: None)
    assert state.finished
    assert np.isfinite(state.records[1]["loss"])


def test_seed_decides(data_root: Path, tmp_path: Path) -> None:
    first = run(data_root, tmp_path / "0", stop_after=1)
    other = run(data_root, tmp_path / "1", stop_after=1, seed=1)
    assert first.records[1]["loss"] != other.records[1]["loss"]
    assert first.records[0]["counts"] == other.records[0]["counts"]


def test_metrics_are_json_lines(data_root: Path, tmp_path: Path) -> None:
    state = run(data_root, tmp_path, epochs=1)
    lines = (tmp_path / METRICS).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == state.records
    start, epoch, end = state.records
    assert [start["event"], epoch["event"], end["event"]] == ["start", "epoch", "end"]
    assert epoch.keys() >= {"epoch", "learningRate", "loss", "trainAccuracy", "validationAverage"}
    assert len(end["test"]["perClass"]) == 10
    assert end["test"]["few"] == pytest.approx(end["test"]["average"])
    assert not list(tmp_path.glob("*.tmp"))


def test_a_finished_run_is_left_alone(data_root: Path, tmp_path: Path) -> None:
    run(data_root, tmp_path, epochs=1)
    before = (tmp_path / CHECKPOINT).read_bytes()
    run(data_root, tmp_path, epochs=1)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_other_settings_in_the_same_folder(data_root: Path, tmp_path: Path) -> None:
    run(data_root, tmp_path, stop_after=1)
    with pytest.raises(RunError, match="seed was 0 and is now 1"):
        run(data_root, tmp_path, seed=1)


def test_a_damaged_checkpoint(data_root: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"nothing of the kind")
    with pytest.raises(RunError, match="no checkpoint"):
        run(data_root, tmp_path)


def test_what_was_trained_elsewhere_is_exported_from_the_cpu(data_root: Path) -> None:
    state = State(settings(device="cuda:7", precision="bf16"))
    data = prepare(state.settings, data_root)
    state.model = initial_model(settings(), data, METHODS.get("ce-wd")).state_dict()
    model = trained_model(state, data)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_a_loss_that_explodes_is_an_error(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="learning rate"):
        run(data_root, tmp_path, learning_rate=1e20)


def test_a_device_that_is_not_there(data_root: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="device 'nonsense'"):
        run(data_root, tmp_path, device="nonsense")


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"batch": 0},
        {"weight_decay": -1.0},
        {"optimizer": "adam"},
        {"precision": "fp8"},
    ],
)
def test_refuses_settings(changes: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="must"):
        settings(**changes)


def test_cosine_falls_from_base_towards_zero() -> None:
    rates = [cosine(0.01, epoch, 10) for epoch in range(11)]
    assert rates[0] == 0.01
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(0.005)
    assert rates[10] == pytest.approx(0)


def test_names() -> None:
    assert {"ce", "ce-wd"} <= set(METHODS.names())
    assert METHODS.get("ce").weight_decay == 0
    assert METHODS.get("ce-wd").weight_decay == 5e-3
    with pytest.raises(TailorExportError, match=r"known: .*resnet20"):
        MODELS.get("resnet21")


def test_resnet20_is_that_of_the_paper() -> None:
    model = MODELS.get("resnet20").build((3, 32, 32), 10)
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len([m for m in convolutions if m.kernel_size == (3, 3)]) == 19


def test_adamw_decays_what_the_method_names(data_root: Path) -> None:
    chosen = settings(optimizer="adamw")
    data = prepare(chosen, data_root)
    model = initial_model(chosen, data, METHODS.get("wd-without-bn"))
    optimizer = make_optimizer(model, chosen, METHODS.get("wd-without-bn"))
    assert isinstance(optimizer, torch.optim.AdamW)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [5e-3, 0]


def test_bf16_gives_float32(data_root: Path) -> None:
    chosen = settings(precision="bf16")
    data = prepare(chosen, data_root)
    model = initial_model(chosen, data, METHODS.get("ce")).eval()
    inputs = torch.zeros(2, 3, 32, 32)
    output, exact = forward(model, inputs, chosen), forward(model, inputs, settings())
    assert output.logits.dtype == output.features.dtype == torch.float32
    assert not torch.equal(output.logits, exact.logits)
    torch.testing.assert_close(output.logits, exact.logits, atol=0.1, rtol=0.1)
