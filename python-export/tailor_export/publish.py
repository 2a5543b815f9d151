"""A finished run becomes three files: NAME.onnx, NAME.md and NAME.log.jsonl."""

from dataclasses import replace
from pathlib import Path

import torch

from tailor_export.card import Card
from tailor_export.catalogue import METHODS
from tailor_export.errors import DataError, RunError
from tailor_export.evaluate import evaluate
from tailor_export.export import export_model, metadata_of
from tailor_export.exported import ExportedModel
from tailor_export.files import write_atomically
from tailor_export.half_weights import Rounding, round_weights
from tailor_export.models.extractor import Classifier
from tailor_export.prepare import Prepared, prepare
from tailor_export.run import RunFolder, State, metrics_lines
from tailor_export.settings import Settings
from tailor_export.train import evaluate as accuracy_of
from tailor_export.train import initial_model
from tailor_export.verify import verify

VERIFIED = 1000
"""Samples of validation that the file is compared with PyTorch on, at most."""


def publish(
    run: Path,
    root: Path,
    out: Path,
    command: str,
    *,
    force: bool,
    blocks: bool = False,
    half_weights: bool = False,
) -> Card:
    """Exports and checks before anything is written to `out`."""
    card_path, log_path = out.with_suffix(".md"), out.with_suffix(".log.jsonl")
    existing = [path for path in (out, card_path, log_path) if path.exists()]
    if existing and not force:
        raise RunError(f"{existing[0]} exists; --force replaces it")

    state = finished_state(RunFolder(run))
    data = prepare(state.settings, root)
    if list(data.counts) != state.records[0]["counts"]:
        raise DataError(f"the data in {root} are not those the run in {run} was trained on")
    model = trained_model(state, data)
    rounding = round_and_measure(model, state.settings, data) if half_weights else None

    metadata = metadata_of(state, data, half_weights=half_weights)
    proto = export_model(model, data.shape, metadata, blocks=blocks, half_weights=half_weights)
    candidate = out.with_name(f"{out.name}.tmp")
    write_atomically(candidate, proto.SerializeToString(deterministic=True))
    try:
        exported = ExportedModel(candidate, state.settings.threads)
        card = Card(
            name=out.stem,
            state=state,
            exported=exported,
            verification=verify(exported, model, data.validation.inputs[:VERIFIED], blocks=blocks),
            evaluation=evaluate(exported, data),
            rounding=rounding,
            data=data,
            command=command,
        )
        write_atomically(card_path, card.markdown().encode())
        write_atomically(log_path, metrics_lines(state.records))
        candidate.replace(out)
    finally:
        candidate.unlink(missing_ok=True)
    return card


def finished_state(folder: RunFolder) -> State:
    """The state of a run that has reached its last epoch."""
    state = folder.load()
    if state is None:
        raise RunError(f"there is no run in {folder.path}")
    if not state.finished:
        raise RunError(
            f"the run in {folder.path} has done {state.epoch} of {state.settings.epochs} epochs; "
            "its training command goes on with it"
        )
    return state


def trained_model(state: State, data: Prepared) -> Classifier:
    """On the CPU, with the weights of the run."""
    method = METHODS.get(state.settings.method)
    model = initial_model(on_cpu(state.settings), data, method)
    model.load_state_dict(state.model)
    return model.eval()


def round_and_measure(model: Classifier, settings: Settings, data: Prepared) -> Rounding:
    """Rounds the weights of the hidden layers, and tells what that changed."""
    inputs = torch.from_numpy(data.validation.inputs[:VERIFIED])
    inputs = data.dataset.input.to_model(data.dataset.input.crop(inputs))
    average = accuracy_of(model, data.test, data, on_cpu(settings)).average
    with torch.inference_mode():
        before = model(inputs).logits
    layers = round_weights(model)
    with torch.inference_mode():
        after = model(inputs).logits
    return Rounding(
        layers=layers,
        logits=float((after - before).abs().max()),
        largest=float(before.abs().max()),
        samples=len(inputs),
        test_average=average,
    )


def on_cpu(settings: Settings) -> Settings:
    """Whatever a run was trained on and in, its file is made from float32 on the CPU."""
    return replace(settings, device="cpu", precision="float32")
