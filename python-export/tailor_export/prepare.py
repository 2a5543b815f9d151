"""From a data set's name to the three sets of a run."""

from dataclasses import dataclass
from pathlib import Path

from tailor_export.catalogue import find_dataset
from tailor_export.data.dataset import Dataset, Samples
from tailor_export.data.long_tail import long_tailed_split
from tailor_export.errors import DataError
from tailor_export.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """Training data, validation taken out before unless there is one, and the test data."""

    dataset: Dataset
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    train: Samples
    validation: Samples
    test: Samples
    columns: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a model's input, without the batch."""
        return self.dataset.input.model_shape(self.train.shape)


def prepare(settings: Settings, root: Path) -> Prepared:
    """Reads the data set and splits it."""
    dataset = find_dataset(settings.dataset)
    loaded = dataset.load(root)
    _check("validation", loaded.validation, settings.validation_per_class, dataset)
    _check("test", loaded.test, settings.test_per_class, dataset)
    split = long_tailed_split(
        loaded.train.labels,
        len(loaded.classes),
        imbalance_factor=settings.imbalance_factor,
        validation_per_class=settings.validation_per_class,
        test_per_class=settings.test_per_class,
        seed=settings.split_seed,
    )
    data = Prepared(
        dataset=dataset,
        classes=loaded.classes,
        counts=split.counts,
        train=loaded.train.take(split.train),
        validation=loaded.validation or loaded.train.take(split.validation),
        test=loaded.test or loaded.train.take(split.test),
        columns=loaded.columns,
    )
    for part, samples in (("validation", data.validation), ("test", data.test)):
        _check_classes(part, samples, data)
    return data


def _check(part: str, own: Samples | None, per_class: int, dataset: Dataset) -> None:
    """Either the data set brings a part or it is taken out of train, never both or neither."""
    option = f"--{part}-per-class"
    if own is not None and per_class > 0:
        raise DataError(f"{dataset.title} has {part} data of its own; use {option} 0")
    if own is None and per_class < 1:
        raise DataError(f"{dataset.title} has no {part} data of its own; use {option} N")


def _check_classes(part: str, samples: Samples, data: Prepared) -> None:
    """The accuracy of a class is only known from samples of it."""
    missing = set(range(len(data.classes))) - set(samples.labels.tolist())
    if missing:
        raise DataError(
            f"{part} of {data.dataset.title} has no sample of the class "
            f"{data.classes[min(missing)]!r}"
        )
