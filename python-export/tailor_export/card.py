"""The model card: every figure comes from the run's log, the file and its evaluation."""

import hashlib
import statistics
import textwrap
from dataclasses import dataclass

from tailor_export.catalogue import DATASETS, METHODS, MODELS
from tailor_export.evaluate import Evaluation, tables
from tailor_export.exported import ExportedModel
from tailor_export.run import Record, State
from tailor_export.verify import Verification

LOG_LINES = 12


@dataclass(frozen=True)
class Card:
    name: str
    state: State
    exported: ExportedModel
    evaluation: Evaluation
    verification: Verification
    command: str
    """That wrote the card."""

    def markdown(self) -> str:
        sections = (self._head(), self._training(), self._data(), self._accuracy(), self._check())
        return "\n\n".join(sections) + "\n"

    def _head(self) -> str:
        settings = self.state.settings
        dataset = DATASETS.get(settings.dataset)
        content = self.exported.content
        proto = self.exported.proto
        weights = sum(_size(list(tensor.dims)) for tensor in proto.graph.initializer)
        dimensions = proto.graph.output[1].type.tensor_type.shape.dim[1].dim_value
        introduction = _paragraph(
            f"""{MODELS.get(settings.model).title}, trained on long-tailed {dataset.title}
            (imbalance factor {settings.imbalance_factor:g}) by
            {METHODS.get(settings.method).title}. This is stage 1: the head is as training left
            it, and the classes with few training images pay for it."""
        )
        return f"""# {self.name}

{introduction}

| | |
| --- | --- |
| file | `{self.name}.onnx`, {len(content):,} bytes |
| sha256 | `{hashlib.sha256(content).hexdigest()}` |
| input | `input`, float32 [batch, 3, {dataset.size[0]}, {dataset.size[1]}] |
| outputs | `logits` [batch, {len(self.evaluation.classes)}], `features` [batch, {dimensions}] |
| values stored | {weights:,} |
| opset | {proto.opset_import[0].version}; batch normalisation is not folded |
| metadata | `onnx_tailor.preprocess`, `.classes`, `.counts`, `.training` (JSON each) |

Every figure on this page was written by

```sh
{self.command}
```"""

    def _training(self) -> str:
        start = self.state.records[0]
        epochs = [record for record in self.state.records if record["event"] == "epoch"]
        seconds = [record["seconds"] for record in epochs]
        settings = self.state.settings
        versions = ", ".join(f"{name} {version}" for name, version in start["versions"].items())
        recipe = _paragraph(
            f"""{settings.epochs} epochs, seed {settings.seed}; SGD with momentum
            {settings.momentum:g}, batch {settings.batch}, learning rate
            {settings.learning_rate:g} falling to 0 by a cosine, weight decay
            {settings.weight_decay:g}; random crop with padding 4 and horizontal flip. The weights
            are those of the last epoch: nothing was chosen by validation or test."""
        )
        machine = _paragraph(
            f"""On {start["hardware"]}: {statistics.median(seconds):.1f} s an epoch (median),
            {sum(seconds) / 60:.0f} min in all. Versions: {versions}."""
        )
        log = _paragraph(
            f"""The whole log is `{self.name}.log.jsonl`. Train accuracy is that of the augmented
            images while they are trained on; validation is the average over classes."""
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
        dataset = DATASETS.get(settings.dataset)
        samples = self.evaluation.samples
        split = _paragraph(
            f"""{dataset.title}, training set, index i over its files in their order. Within each
            class the images go by ascending fmix32(i XOR fmix32(seed + 0x9E3779B9)), all 32-bit,
            fmix32 being the finaliser of MurmurHash3, seed {settings.split_seed}. The first
            {settings.validation_per_class} of each class are validation
            ({samples["validation"]:,} images). Of the rest, class k of C keeps the first
            floor(n_max · ρ^(−k/(C−1))), where n_max is the smallest number left in any class and
            ρ = {settings.imbalance_factor:g} ({samples["train"]:,} images). The
            {samples["test"]:,} test images are the official ones."""
        )
        licence = _paragraph(f"{dataset.licence} The weights are under the repository's licence.")
        return f"""## Data

{split}

{licence}"""

    def _accuracy(self) -> str:
        end = self.state.records[-1]
        check = self.verification
        per_class = self.state.settings.validation_per_class
        how = _paragraph(
            f"""By onnxruntime, with the preprocessing of the metadata; averages are over classes.
            Validation has {per_class} images a class, so that one image moves its class by
            {1 / per_class:.1%}."""
        )
        agreement = _paragraph(
            f"""PyTorch had {end["validation"]["average"]:.2%} on validation and
            {end["test"]["average"]:.2%} on test at the end of the run. On the {check.samples:,}
            validation images the file's logits differ from PyTorch's by at most
            {check.logits:.1e}, its features by {check.features:.1e}; the predicted class agrees on
            {check.argmax_agreement:.0%}."""
        )
        return f"""## Accuracy of the .onnx file

{how}

{tables(self.evaluation)}

{agreement}"""

    def _check(self) -> str:
        again = _paragraph(
            """prints the two tables of accuracy from the file alone. The training command above
            trains the model again: to the same weights on the same machine, to slightly different
            ones on another processor or with another version of PyTorch."""
        )
        return f"""## How to check

```sh
npm ci && node scripts/fetch-cifar10.mjs
cd python-export && pip install -e .
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


def _size(dims: list[int]) -> int:
    size = 1
    for dim in dims:
        size *= dim
    return size
