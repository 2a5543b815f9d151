"""From a data set's name to the three sets of a run."""

from dataclasses import dataclass
from pathlib import Path

from tailor_export.catalogue import DATASETS
from tailor_export.data.dataset import Dataset, Samples
from tailor_export.data.long_tail import long_tailed_split
from tailor_export.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """Long-tailed training data, validation taken out before, and the balanced test data."""

    dataset: Dataset
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    train: Samples
    validation: Samples
    test: Samples


def prepare(settings: Settings, root: Path) -> Prepared:
    """Reads the data set and splits it."""
    dataset = DATASETS.get(settings.dataset)
    loaded = dataset.load(root)
    split = long_tailed_split(
        loaded.train.labels,
        len(loaded.classes),
        imbalance_factor=settings.imbalance_factor,
        validation_per_class=settings.validation_per_class,
        seed=settings.split_seed,
    )
    return Prepared(
        dataset=dataset,
        classes=loaded.classes,
        counts=split.counts,
        train=loaded.train.take(split.train),
        validation=loaded.train.take(split.validation),
        test=loaded.test,
    )
