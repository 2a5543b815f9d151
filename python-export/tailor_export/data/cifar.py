"""CIFAR in the official binary layout.

A record is one or more label bytes and then 3072 bytes: the red, the green and the blue plane of a
32 x 32 image. CIFAR-10 has one label byte; CIFAR-100 has two, the coarse and the fine label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tailor_export.data.augment import pad_crop_and_flip
from tailor_export.data.dataset import Dataset, Groups, Loaded, Samples
from tailor_export.data.inputs import Pictures
from tailor_export.data.text import read_text
from tailor_export.errors import DataError

IMAGE_SHAPE = (3, 32, 32)
IMAGE_BYTES = 3 * 32 * 32


@dataclass(frozen=True)
class Layout:
    """Which files a member of the family has and how its records start."""

    folder: str
    python_folder: str
    """Of the version with pickled files, which is not read."""
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    label_bytes: int
    label_byte: int
    """Which of the label bytes is the label."""
    classes: int
    fetch: str


def read_records(path: Path, layout: Layout) -> Samples:
    """Reads one file of records."""
    record = layout.label_bytes + IMAGE_BYTES
    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}. {layout.fetch}") from error
    if content.size == 0 or content.size % record != 0:
        raise DataError(
            f"{path} has {content.size} bytes, which is no whole number of records "
            f"of {record} bytes; the file is damaged or another kind of CIFAR"
        )
    records = content.reshape(-1, record)
    labels = records[:, layout.label_byte].astype(np.int64)
    if labels.max() >= layout.classes:
        raise DataError(
            f"{path} holds the label {labels.max()}; "
            f"labels from 0 to {layout.classes - 1} are allowed"
        )
    images = records[:, layout.label_bytes :].reshape(-1, *IMAGE_SHAPE)
    return Samples(np.ascontiguousarray(images), labels)


def read_class_names(path: Path, layout: Layout) -> tuple[str, ...]:
    """Reads one name per line; empty lines do not count."""
    text = read_text(path, advice=layout.fetch)
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(names) != layout.classes:
        raise DataError(f"{path} names {len(names)} classes instead of {layout.classes}")
    return names


def load(root: Path, layout: Layout) -> Loaded:
    """Reads a member of the family from the folder that holds all data sets."""
    folder = root / layout.folder
    if not folder.is_dir():
        python = root / layout.python_folder
        other = (
            f" {python} is the Python version; the binary one is read." if python.is_dir() else ""
        )
        raise DataError(f"there is no folder {folder}.{other} {layout.fetch}")
    classes = read_class_names(folder / layout.names, layout)
    return Loaded(
        train=_read_part(folder, layout.train, layout),
        test=_read_part(folder, layout.test, layout),
        classes=classes,
    )


def _read_part(folder: Path, names: Sequence[str], layout: Layout) -> Samples:
    """Train or test, which both have as many images of every class."""
    samples = _concatenate([read_records(folder / name, layout) for name in names])
    counts = np.bincount(samples.labels, minlength=layout.classes)
    if counts.min() != counts.max():
        raise DataError(
            f"{', '.join(names)} in {folder} have from {counts.min():,} to {counts.max():,} images "
            f"a class, which ought to be equal: files are cut off or not those of "
            f"{layout.folder}. {layout.fetch}"
        )
    return samples


def _concatenate(parts: Sequence[Samples]) -> Samples:
    return Samples(
        np.concatenate([part.inputs[:] for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


CIFAR10_LAYOUT = Layout(
    folder="cifar-10-batches-bin",
    python_folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    test=("test_batch.bin",),
    names="batches.meta.txt",
    label_bytes=1,
    label_byte=0,
    classes=10,
    fetch="`node scripts/fetch-cifar10.mjs` in the repository's root puts it into .cache/",
)

CIFAR100_LAYOUT = Layout(
    folder="cifar-100-binary",
    python_folder="cifar-100-python",
    train=("train.bin",),
    test=("test.bin",),
    names="fine_label_names.txt",
    label_bytes=2,
    label_byte=1,
    classes=100,
    fetch=(
        "It is the folder of cifar-100-binary.tar.gz from "
        "https://www.cs.toronto.edu/~kriz/cifar.html: train.bin, test.bin and fine_label_names.txt"
    ),
)

LICENCE = (
    "(https://www.cs.toronto.edu/~kriz/cifar.html). They were published without a licence; "
    "their authors ask to cite 'Learning Multiple Layers of Features from Tiny Images', "
    "Alex Krizhevsky, 2009. No image is part of this repository."
)

CROP_AND_FLIP = "random crop with padding 4 and horizontal flip"

CIFAR10 = Dataset(
    name="cifar10",
    title="CIFAR-10",
    load=lambda root: load(root, CIFAR10_LAYOUT),
    input=Pictures(
        size=(32, 32),
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        augmentation=pad_crop_and_flip,
        augmented=CROP_AND_FLIP,
    ),
    groups=Groups(many=1000, few=200),
    licence=f"The data are CIFAR-10 by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton {LICENCE}",
    fetch="node scripts/fetch-cifar10.mjs",
)

CIFAR100 = Dataset(
    name="cifar100",
    title="CIFAR-100",
    load=lambda root: load(root, CIFAR100_LAYOUT),
    input=Pictures(
        size=(32, 32),
        mean=(0.5071, 0.4865, 0.4409),
        std=(0.2673, 0.2564, 0.2762),
        augmentation=pad_crop_and_flip,
        augmented=CROP_AND_FLIP,
    ),
    groups=Groups(many=100, few=20),
    licence=f"The data are CIFAR-100 by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton {LICENCE}",
)
