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
from tailor_export.data.dataset import Inputs, Samples
from tailor_export.errors import RunError
from tailor_export.forgetting import Forgetting, summary
from tailor_export.methods.method import Method
from tailor_export.models.extractor import Classifier, Output
from tailor_export.models.table_mlp import Standardise
from tailor_export.prepare import Prepared
from tailor_export.run import Record, RunFolder, State
from tailor_export.settings import Settings

DEVICES = ("cpu", "cuda")
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
    if state.records and state.records[0]["counts"] != list(data.counts):
        raise RunError(f"{folder.path} holds a run on other data. Choose another --out")

    model = initial_model(settings, data, method)
    folder.open(state)  # after the last check: what is refused leaves no folder behind
    if state.finished:
        log(f"{folder.path}: this run is finished")
        return state
    optimizer = make_optimizer(model, settings, method)
    if state.epoch > 0:
        model.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
        log(f"resuming after epoch {state.epoch} of {settings.epochs}")
    else:
        state.records = [_start(settings, data, command)]
    forgetting = Forgetting.of(len(data.train), state.forgetting)

    inputs = on_device(data.train.inputs, settings.device)
    labels = torch.from_numpy(data.train.labels).to(settings.device)
    last = settings.epochs if stop_after is None else min(stop_after, settings.epochs)
    while state.epoch < last:
        started = time.perf_counter()
        correct, record = _train_epoch(
            model, optimizer, inputs, labels, data, settings, method, state.epoch
        )
        forgetting.add(correct)
        record["validationAverage"] = evaluate(model, data.validation, data, settings).average
        record["seconds"] = round(time.perf_counter() - started, 2)
        state.records.append(record)
        state.epoch += 1
        state.model = model.state_dict()
        state.optimizer = optimizer.state_dict()
        state.forgetting = forgetting.state()
        if state.epoch == settings.epochs:
            scores = forgetting.scores(state.epoch)
            state.records.append(
                {**_end(model, data, settings), "forgetting": summary(scores, data)}
            )
            folder.save_forgetting(scores, data.train.labels)
        folder.save(state)
        log(_progress(record, settings))
    return state


def check_device(device: str) -> None:
    """A named device is there, or it is an error."""
    try:
        kind = torch.device(device).type
        if kind not in DEVICES:
            raise RuntimeError(f"allowed are {' and '.join(DEVICES)}")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"device {device!r} cannot be used: {reason}") from error


def initial_model(settings: Settings, data: Prepared, method: Method) -> Classifier:
    """The untrained model, the same for the same seed."""
    torch.manual_seed(settings.seed)
    architecture = MODELS.get(settings.model)
    knobs = {knob: getattr(settings, knob) for knob in architecture.knobs}
    model = architecture.build(data.shape, len(data.classes), **knobs)
    for module in model.modules():
        if isinstance(module, Standardise):
            module.fit(data.train.inputs[:])
    method.prepare(model, settings)
    return model.to(settings.device).to(memory_format=torch.channels_last)


def make_optimizer(model: Classifier, settings: Settings, method: Method) -> torch.optim.Optimizer:
    """The optimizer, decaying the parameters that the method names."""
    decayed = {id(parameter) for parameter in method.decayed(model)}
    if not settings.decay_head_bias:
        decayed.discard(id(model.head.bias))
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
    used = [group for group in groups if group["params"]]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(used, lr=settings.learning_rate)
    return torch.optim.SGD(used, lr=settings.learning_rate, momentum=settings.momentum)


def on_device(inputs: Inputs, device: str) -> Inputs:
    """An array as a tensor; what lies on disk stays there."""
    return torch.from_numpy(inputs).to(device) if isinstance(inputs, np.ndarray) else inputs


def cosine(base: float, epoch: int, epochs: int) -> float:
    """The learning rate of an epoch, counted from 0; it would reach 0 after the last one."""
    return base / 2 * (1 + math.cos(math.pi * epoch / epochs))


def evaluate(model: Classifier, samples: Samples, data: Prepared, settings: Settings) -> Accuracy:
    """Accuracy without augmentation, in evaluation mode."""
    model.eval()
    predicted: list[Tensor] = []
    with torch.inference_mode():
        for start in range(0, len(samples), EVALUATION_BATCH):
            batch = torch.from_numpy(samples.inputs[start : start + EVALUATION_BATCH])
            how = data.dataset.input
            inputs = how.to_model(how.crop(batch.to(settings.device)))
            predicted.append(forward(model, inputs, settings).logits.argmax(1).cpu())
    return accuracy(torch.cat(predicted).numpy(), samples.labels, len(data.classes))


def forward(model: Classifier, inputs: Tensor, settings: Settings) -> Output:
    """In the precision of the settings; what comes out is float32."""
    if settings.precision == "float32":
        return Output(*model(inputs))
    with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
        logits, features = model(inputs)
    return Output(logits.float(), features.float())


def _train_epoch(
    model: Classifier,
    optimizer: torch.optim.Optimizer,
    inputs: Inputs,
    labels: Tensor,
    data: Prepared,
    settings: Settings,
    method: Method,
    epoch: int,
) -> tuple[Tensor, Record]:
    """Whether each sample was right when it was trained on, and the epoch's line of metrics."""
    objective = method.objective(data.counts, settings)
    rate = cosine(settings.learning_rate, epoch, settings.epochs)
    for group in optimizer.param_groups:
        group["lr"] = rate

    epoch_seed = (settings.seed << 32) + epoch + 1
    generator = torch.Generator().manual_seed(epoch_seed)
    torch.manual_seed(epoch_seed)
    order = torch.randperm(len(labels), generator=generator)
    model.train()
    correct = torch.zeros(len(labels), dtype=torch.bool)
    loss_sum = 0.0
    seen = 0
    for indices in order.split(settings.batch):
        if len(indices) == 1:
            continue  # batch normalisation knows no variance of one
        batch = torch.as_tensor(inputs[indices]).to(settings.device)
        targets = labels[indices]
        augmented = data.dataset.input.augment(batch, generator)
        output = forward(model, data.dataset.input.to_model(augmented), settings)
        loss = objective(output, targets, model)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(indices)
        correct[indices] = (output.logits.argmax(1) == targets).cpu()
        seen += len(indices)
    mean_loss = loss_sum / seen
    if not np.isfinite(mean_loss):
        raise RunError(f"the loss of epoch {epoch + 1} is {mean_loss}; use a lower learning rate")
    return correct, {
        "event": "epoch",
        "epoch": epoch + 1,
        "learningRate": rate,
        "loss": mean_loss,
        "trainAccuracy": int(correct.sum()) / seen,
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
        "commit": hardware.commit(),
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
