"""The model card: every figure comes from the run's log, the file and its evaluation."""

import hashlib
import statistics
import textwrap
from dataclasses import dataclass

import numpy as np
import onnx

from tailor_export.catalogue import METHODS, MODELS, knobs_of
from tailor_export.evaluate import Evaluation, tables
from tailor_export.exported import ExportedModel
from tailor_export.half_weights import Rounding
from tailor_export.prepare import Prepared
from tailor_export.run import Record, State
from tailor_export.settings import Settings
from tailor_export.verify import Verification

LOG_LINES = 12
TAIL = 2
"""Imbalance factors below this are none to speak of."""


@dataclass(frozen=True)
class Card:
    name: str
    state: State
    exported: ExportedModel
    evaluation: Evaluation
    verification: Verification
    rounding: Rounding | None
    """Where weights were rounded."""
    data: Prepared
    command: str
    """That wrote the card."""

    def markdown(self) -> str:
        sections = (self._head(), self._training(), self._data(), self._accuracy(), self._check())
        return "\n\n".join(sections) + "\n"

    def _head(self) -> str:
        settings = self.state.settings
        dataset = self.data.dataset
        content = self.exported.content
        proto = self.exported.proto
        weights = sum(_size(list(tensor.dims)) for tensor in proto.graph.initializer)
        noun = dataset.input.noun
        outputs = ", ".join(
            f"`{output.name}` [batch, {', '.join(map(str, _shape(output)))}]"
            for output in proto.graph.output
        )
        keys = ["preprocess", "classes", "counts", "training"]
        if dataset.input.preprocess() is None:
            keys = ["columns", *keys[1:]]
        if self.rounding:
            keys.append("weights")
        listed = ", ".join([f"`onnx_tailor.{keys[0]}`", *(f"`.{key}`" for key in keys[1:])])
        tail = (
            f"""long-tailed {dataset.title} (imbalance factor {settings.imbalance_factor:g})"""
            if settings.imbalance_factor
            else f"{dataset.title} as it is (imbalance factor {self._imbalance():.3g})"
        )
        has_tail = self._imbalance() >= TAIL
        tail_pays = f", and the classes with few training {noun}s pay for it" if has_tail else ""
        introduction = _paragraph(
            f"""{MODELS.get(settings.model).title}, trained on {tail} by
            {METHODS.get(settings.method).title}. This is stage 1: the head is as training left
            it{tail_pays}."""
        )
        return f"""# {self.name}

{introduction}

| | |
| --- | --- |
| file | `{self.name}.onnx`, {len(content):,} bytes |
| sha256 | `{hashlib.sha256(content).hexdigest()}` |
| input | `input`, float32 [batch, {", ".join(map(str, self.data.shape))}] |
| outputs | {outputs} |
| values stored | {weights:,}{self._stored()} |
| opset | {proto.opset_import[0].version}; batch normalisation is not folded |
| metadata | {listed} (JSON each) |

Every figure on this page was written by

```sh
{self.command}
```"""

    def _stored(self) -> str:
        if self.rounding is None:
            return ""
        return f"; the weights of the {self.rounding.layers} hidden layers as float16"

    def _training(self) -> str:
        start = self.state.records[0]
        epochs = [record for record in self.state.records if record["event"] == "epoch"]
        seconds = [record["seconds"] for record in epochs]
        settings = self.state.settings
        versions = ", ".join(f"{name} {version}" for name, version in start["versions"].items())
        commit = f"; commit {start['commit']}" if start.get("commit") else ""
        augmented = self.data.dataset.input.augmented or "no augmentation"
        recipe = _paragraph(
            f"""{settings.epochs} epochs, seed {settings.seed}; {_optimizer(settings)}, batch
            {settings.batch}, learning rate {settings.learning_rate:g} falling to 0 by a cosine,
            weight decay {settings.weight_decay:g}{_knobs(settings)}; {augmented}. The weights are
            those of the last epoch: nothing was chosen by validation or test."""
        )
        machine = _paragraph(
            f"""On {start["hardware"]}: {statistics.median(seconds):.1f} s an epoch (median),
            {sum(seconds) / 60:.0f} min in all. Versions: {versions}{commit}."""
        )
        how = self.data.dataset.input
        seen = f"augmented {how.noun}s" if how.augmented else f"{how.noun}s"
        log = _paragraph(
            f"""The whole log is `{self.name}.log.jsonl`. Train accuracy is that of the {seen}
            while they are trained on; validation is the average over classes."""
        )
        return f"""## Training

In `python-export/`:

```sh
{start["command"]}
```

{recipe}

{machine}

{log}

{_log_table(epochs)}"""

    def _data(self) -> str:
        settings = self.state.settings
        dataset = self.data.dataset
        licence = _paragraph(f"{dataset.licence} The weights are under the repository's licence.")
        split = self._split() if settings.validation_per_class else self._parts()
        return f"""## Data

{_paragraph(split)}

{licence}"""

    def _split(self) -> str:
        """Validation and perhaps test taken out of train, which is then cut."""
        settings = self.state.settings
        samples = self.evaluation.samples
        noun = self.evaluation.noun
        if settings.imbalance_factor:
            rest = f"""Of the rest, class k of C keeps the first floor(n_max · ρ^(−k/(C−1))), where
            n_max is the smallest number left in any class and ρ = {settings.imbalance_factor:g}
            ({samples["train"]:,} {noun}s)."""
        else:
            rest = f"The rest is train ({samples['train']:,} {noun}s)."
        if settings.test_per_class:
            test = f"the next {settings.test_per_class} are test ({samples['test']:,} {noun}s)"
            held_out, official = f", {test}", ""
        else:
            held_out = ""
            official = f" The {samples['test']:,} test {noun}s are the official ones."
        source = "index i over its rows" if noun == "row" else "index i over its files"
        return f"""{self.data.dataset.title}, training set, {source} in their order. Within each
            class the {noun}s go by ascending fmix32(i XOR fmix32(seed + 0x9E3779B9)), all 32-bit,
            fmix32 being the finaliser of MurmurHash3, seed {settings.split_seed}. The first
            {settings.validation_per_class} of each class are validation
            ({samples["validation"]:,} {noun}s){held_out}. {rest}{official}"""

    def _parts(self) -> str:
        samples = self.evaluation.samples
        noun = self.evaluation.noun
        return f"""{self.data.dataset.title} as it comes: {samples["train"]:,} {noun}s of train,
            {samples["validation"]:,} of validation and {samples["test"]:,} of test."""

    def _imbalance(self) -> float:
        return max(self.evaluation.counts) / min(self.evaluation.counts)

    def _accuracy(self) -> str:
        end = self.state.records[-1]
        check = self.verification
        noun = self.evaluation.noun
        per_class = int(np.bincount(self.data.validation.labels).min())
        pictures = self.data.dataset.input.preprocess() is not None
        preprocessed = ", with the preprocessing of the metadata" if pictures else ""
        how = _paragraph(
            f"""By onnxruntime{preprocessed}; averages are over classes. Validation has {per_class}
            {noun}s a class, so that one {noun} moves its class by {1 / per_class:.1%}."""
        )
        which = "the " if check.samples == len(self.data.validation) else "the first "
        rounded = ", with the weights rounded alike," if self.rounding else ""
        agreement = _paragraph(
            f"""PyTorch had {end["validation"]["average"]:.2%} on validation and
            {end["test"]["average"]:.2%} on test at the end of the run. On {which}{check.samples:,}
            validation {noun}s the file's logits differ from PyTorch's{rounded} by at most
            {check.logits:.1e}, its features by {check.features:.1e}; the predicted class agrees on
            {check.argmax_agreement:.0%}."""
        )
        rounding = f"\n\n{self._rounding(which)}" if self.rounding else ""
        return f"""## Accuracy of the .onnx file

{how}

{tables(self.evaluation)}

{agreement}{rounding}"""

    def _rounding(self, which: str) -> str:
        assert self.rounding is not None
        return _paragraph(
            f"""To halve the file, the weights of the {self.rounding.layers} hidden layers were
            rounded to float16 after training; the graph casts them to float32. On {which}
            {self.rounding.samples:,} validation {self.evaluation.noun}s that moved the logits by at
            most {self.rounding.logits:.1e} (the largest is {self.rounding.largest:.1f}), and
            accuracy on test from {self.rounding.test_average:.2%} to
            {self.evaluation.test.average:.2%}."""
        )

    def _check(self) -> str:
        command = self.data.dataset.fetch
        where = "" if command else " The data have to be put under `../.cache` before."
        again = _paragraph(
            f"""prints the two tables of accuracy from the file alone.{where} The training command
            above trains the model again: to the same weights on the same machine, to slightly
            different ones on another processor or with another version of PyTorch."""
        )
        fetch = f"npm ci && {command}\n" if command else ""
        return f"""## How to check

```sh
{fetch}cd python-export && pip install -e .
python -m tailor_export evaluate ../models/{self.name}.onnx --data ../.cache
```

{again}"""


def _log_table(epochs: list[Record]) -> str:
    step = max(1, len(epochs) // LOG_LINES)
    shown = [
        record
        for record in epochs
        if record["epoch"] in (1, len(epochs)) or record["epoch"] % step == 0
    ]
    rows = [
        f"| {record['epoch']} | {record['learningRate']:.5f} | {record['loss']:.4f} "
        f"| {record['trainAccuracy']:.1%} | {record['validationAverage']:.1%} |"
        for record in shown
    ]
    head = ["| epoch | learning rate | loss | train | validation |", "| ---: " * 5 + "|"]
    return "\n".join(head + rows)


def _paragraph(text: str) -> str:
    return textwrap.fill(
        " ".join(text.split()), 100, break_long_words=False, break_on_hyphens=False
    )


def _shape(output: onnx.ValueInfoProto) -> list[int]:
    """Without the batch."""
    return [dim.dim_value for dim in output.type.tensor_type.shape.dim[1:]]


def _optimizer(settings: Settings) -> str:
    return "AdamW" if settings.optimizer == "adamw" else f"SGD with momentum {settings.momentum:g}"


def _knobs(settings: Settings) -> str:
    """What only some methods and models have, as a part of the sentence."""
    values = vars(settings)
    return "".join(
        f", {_KNOBS[knob].format(values[knob])}"
        for knob in knobs_of(settings)
        if values[knob] is not False
    )


_KNOBS = {
    "beta": "β {:g}",
    "feature_regularization": "feature regularisation {:g}",
    "bn_scale": "batch normalisation fixed at γ {:g} and β 0",
    "dropout": "dropout {:g}",
    "etf_bias": "a trained bias beside the ETF",
}


def _size(dims: list[int]) -> int:
    size = 1
    for dim in dims:
        size *= dim
    return size
