"""Tiny data sets in the official CIFAR layouts."""

from pathlib import Path

import numpy as np
import pytest

from tailor_export.data.cifar import CIFAR10_LAYOUT, CIFAR100_LAYOUT

PER_FILE = 60
"""Records per file: 6 of each class."""


def write_cifar10(root: Path, per_file: int = PER_FILE) -> Path:
    """Images whose brightness tells the class, so that there is something to learn."""
    folder = root / CIFAR10_LAYOUT.folder
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name in (*CIFAR10_LAYOUT.train, *CIFAR10_LAYOUT.test):
        labels = np.arange(per_file, dtype=np.uint8) % 10
        noise = random.integers(0, 40, (per_file, 3072))
        pixels = (noise + 20 * labels[:, None]).astype(np.uint8)
        np.concatenate([labels[:, None], pixels], axis=1).tofile(folder / name)
    names = "\n".join(f"class{k}" for k in range(10))
    (folder / CIFAR10_LAYOUT.names).write_text(f"{names}\n\n", encoding="utf-8")
    return root


def write_cifar100(root: Path, per_class: int) -> Path:
    """Image i has the colour and, of 100, the class i."""
    folder = root / CIFAR100_LAYOUT.folder
    folder.mkdir(parents=True)
    for name, count in (("train.bin", 100 * per_class), ("test.bin", 100)):
        records = [bytes([i % 20, i % 100]) + bytes([i % 256]) * 3072 for i in range(count)]
        (folder / name).write_bytes(b"".join(records))
    names = "\n".join(f"class{k}" for k in range(100))
    (folder / CIFAR100_LAYOUT.names).write_text(names, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cifar10(tmp_path_factory.mktemp("data"))
