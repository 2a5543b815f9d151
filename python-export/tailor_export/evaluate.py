"""What an exported file reaches on the data it was trained for."""

from dataclasses import dataclass
from pathlib import Path

from tailor_export.accuracy import Accuracy, accuracy, group_of
from tailor_export.data.dataset import Groups, Samples
from tailor_export.errors import DataError
from tailor_export.exported import ExportedModel
from tailor_export.prepare import Prepared, prepare
from tailor_export.settings import Settings


@dataclass(frozen=True)
class Evaluation:
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    groups: Groups
    validation: Accuracy
    test: Accuracy
    noun: str
    """What a sample is: image or row."""
    samples: dict[str, int]


def load_data(exported: ExportedModel, root: Path) -> Prepared:
    """The data of the file's own training, as its metadata tell."""
    training = exported.metadata["training"]
    data = prepare(
        Settings(
            dataset=training["dataset"],
            imbalance_factor=training["imbalanceFactor"],
            validation_per_class=training["split"]["validationPerClass"],
            test_per_class=training["split"].get("testPerClass", 0),
            split_seed=training["split"]["seed"],
        ),
        root,
    )
    if list(data.counts) != exported.metadata["counts"]:
        raise DataError(
            f"the data give the class counts {list(data.counts)}, "
            f"but the model was trained with {exported.metadata['counts']}"
        )
    return data


def evaluate(exported: ExportedModel, data: Prepared) -> Evaluation:
    """Runs validation and test through onnxruntime."""

    def measured(samples: Samples) -> Accuracy:
        predicted = exported.predict(samples.inputs)
        return accuracy(predicted, samples.labels, len(data.classes))

    return Evaluation(
        classes=data.classes,
        counts=data.counts,
        groups=data.dataset.groups,
        validation=measured(data.validation),
        test=measured(data.test),
        noun=data.dataset.input.noun,
        samples={
            "train": len(data.train),
            "validation": len(data.validation),
            "test": len(data.test),
        },
    )


def tables(evaluation: Evaluation) -> str:
    """Markdown: by group, then by class."""
    groups = evaluation.groups
    validation = evaluation.validation.by_group(evaluation.counts, groups)
    test = evaluation.test.by_group(evaluation.counts, groups)
    lines = [
        "| | validation | test |",
        "| --- | ---: | ---: |",
        f"| average | {evaluation.validation.average:.2%} | {evaluation.test.average:.2%} |",
    ]
    notes = {
        "many": f"more than {groups.many} training {evaluation.noun}s",
        "medium": f"{groups.few} to {groups.many}",
        "few": f"fewer than {groups.few}",
    }
    lines += [
        f"| {name} ({notes[name]}) | {validation[name]:.2%} | {test[name]:.2%} |" for name in test
    ]
    lines += [
        "",
        f"| class | training {evaluation.noun}s | group | validation | test |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {count} | {group_of(count, groups)} | {on_validation:.1%} | {on_test:.1%} |"
        for name, count, on_validation, on_test in zip(
            evaluation.classes,
            evaluation.counts,
            evaluation.validation.per_class,
            evaluation.test.per_class,
            strict=True,
        )
    ]
    return "\n".join(lines)
