"""Stage 1: trains a model by a method on a long-tailed data set.

All randomness of an epoch comes from (seed, epoch), so that a run continued from the checkpoint of
an epoch ends with the same weights as one that was never stopped.
"""

import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tailor_export import hardware
from tailor_export.accuracy import Accuracy, accuracy
from tailor_export.catalogue import METHODS, MODELS
from tailor_export.data import augment
from tailor_export.data.dataset import Samples
from tailor_export.errors import RunError
from tailor_export.methods.method import Method
from tailor_export.models.extractor import Classifier
from tailor_export.prepare import Prepared
from tailor_export.run import Record, RunFolder, State
from tailor_export.settings import Settings

EVALUATION_BATCH = 500


def train(
    settings: Settings,
    data: Prepared,
    folder: RunFolder,
    *,
    command: str = "",
    stop_after: int | None = None,
    log: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> State:
    """Trains from the folder's checkpoint, or from the start; `stop_after` ends it earlier."""
    method = METHODS.get(settings.method)
    check_device(settings.device)
    torch.set_num_threads(settings.threads)
    state = folder.load() or State(settings)
    if state.settings != settings:
        raise RunError(_differences(folder, state.settings, settings))
    if state.finished:
        log(f"{folder.path}: this run is finished")
        return state

    model = initial_model(settings, data, method)
    optimizer = make_optimizer(model, settings, method)
    if state.epoch > 0:
        model.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
        log(f"resuming after epoch {state.epoch} of {settings.epochs}")
    else:
        state.records = [_start(settings, data, command)]

    images = augment.pad(torch.from_numpy(data.train.images)).to(settings.device)
    labels = torch.from_numpy(data.train.labels).to(settings.device)
    last = settings.epochs if stop_after is None else min(stop_after, settings.epochs)
    while state.epoch < last:
        started = time.perf_counter()
        record = _train_epoch(model, optimizer, images, labels, data, settings, method, state.epoch)
        record["validationAverage"] = evaluate(model, data.validation, data, settings).average
        record["seconds"] = round(time.perf_counter() - started, 2)
        state.records.append(record)
        state.epoch += 1
        state.model = model.state_dict()
        state.optimizer = optimizer.state_dict()
        if state.epoch == settings.epochs:
            state.records.append(_end(model, data, settings))
        folder.save(state)
        log(_progress(record, settings))
    return state


def check_device(device: str) -> None:
    """A named device is there, or it is an error."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"device {device!r} cannot be used: {reason}") from error


def initial_model(settings: Settings, data: Prepared, method: Method) -> Classifier:
    """The untrained model, the same for the same seed."""
    torch.manual_seed(settings.seed)
    model = MODELS.get(settings.model).build(len(data.classes))
    method.prepare(model)
    return model.to(settings.device).to(memory_format=torch.channels_last)


def make_optimizer(model: Classifier, settings: Settings, method: Method) -> torch.optim.Optimizer:
    """SGD that decays the parameters the method names."""
    decayed = {id(parameter) for parameter in method.decayed(model)}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {
            "params": [parameter for parameter in trained if id(parameter) in decayed],
            "weight_decay": settings.weight_decay,
        },
        {
            "params": [parameter for parameter in trained if id(parameter) not in decayed],
            "weight_decay": 0.0,
        },
    ]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=settings.learning_rate,
        momentum=settings.momentum,
    )


def cosine(base: float, epoch: int, epochs: int) -> float:
    """The learning rate of an epoch, counted from 0; it would reach 0 after the last one."""
    return base / 2 * (1 + math.cos(math.pi * epoch / epochs))


def evaluate(model: Classifier, samples: Samples, data: Prepared, settings: Settings) -> Accuracy:
    """Accuracy without augmentation, in evaluation mode."""
    model.eval()
    predicted: list[Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(samples), EVALUATION_BATCH):
            images = torch.from_numpy(samples.images[start : start + EVALUATION_BATCH])
            inputs = model_inputs(images.to(settings.device), data)
            predicted.append(model(inputs).logits.argmax(1).cpu())
    return accuracy(torch.cat(predicted).numpy(), samples.labels, len(data.classes))


def model_inputs(images: Tensor, data: Prepared) -> Tensor:
    """Normalised float32 of uint8 images."""
    mean, std = (
        torch.tensor(value, dtype=torch.float32, device=images.device)
        for value in (data.dataset.mean, data.dataset.std)
    )
    inputs = augment.normalise(images, mean, std)
    return inputs.contiguous(memory_format=torch.channels_last)


def _train_epoch(
    model: Classifier,
    optimizer: torch.optim.Optimizer,
    padded: Tensor,
    labels: Tensor,
    data: Prepared,
    settings: Settings,
    method: Method,
    epoch: int,
) -> Record:
    objective = method.objective(data.counts)
    rate = cosine(settings.learning_rate, epoch, settings.epochs)
    for group in optimizer.param_groups:
        group["lr"] = rate

    epoch_seed = (settings.seed << 32) + epoch + 1
    generator = torch.Generator().manual_seed(epoch_seed)
    torch.manual_seed(epoch_seed)
    order = torch.randperm(len(labels), generator=generator)
    model.train()
    loss_sum = 0.0
    hits = 0
    seen = 0
    for indices in order.split(settings.batch):
        if len(indices) == 1:
            continue  # batch normalisation knows no variance of one
        images = augment.random_crop_and_flip(padded[indices], generator)
        targets = labels[indices]
        output = model(model_inputs(images, data))
        loss = objective(output, targets, model)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(indices)
        hits += int((output.logits.argmax(1) == targets).sum())
        seen += len(indices)
    mean_loss = loss_sum / seen
    if not np.isfinite(mean_loss):
        raise RunError(f"the loss of epoch {epoch + 1} is {mean_loss}; use a lower learning rate")
    return {
        "event": "epoch",
        "epoch": epoch + 1,
        "learningRate": rate,
        "loss": mean_loss,
        "trainAccuracy": hits / seen,
    }


def _start(settings: Settings, data: Prepared, command: str) -> Record:
    return {
        "event": "start",
        "command": command,
        "settings": settings.to_json(),
        "classes": list(data.classes),
        "counts": list(data.counts),
        "samples": {
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
        "hardware": hardware.describe(settings.device, settings.threads),
        "versions": hardware.versions(),
    }


def _end(model: Classifier, data: Prepared, settings: Settings) -> Record:
    def measured(samples: Samples) -> dict[str, Any]:
        return evaluate(model, samples, data, settings).to_json(data.counts, data.dataset.groups)

    return {"event": "end", "validation": measured(data.validation), "test": measured(data.test)}


def _progress(record: Record, settings: Settings) -> str:
    return (
        f"epoch {record['epoch']:>3}/{settings.epochs}"
        f"  lr {record['learningRate']:.5f}"
        f"  loss {record['loss']:.4f}"
        f"  train {record['trainAccuracy']:.1%}"
        f"  validation {record['validationAverage']:.1%}"
        f"  {record['seconds']:.1f} s"
    )


def _differences(folder: RunFolder, before: Settings, now: Settings) -> str:
    changed = ", ".join(
        f"{key} was {old!r} and is now {vars(now)[key]!r}"
        for key, old in vars(before).items()
        if vars(now)[key] != old
    )
    return f"{folder.path} holds a run with other settings: {changed}. Choose another --out"
