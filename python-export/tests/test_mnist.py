import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tailor_export.catalogue import DATASETS
from tailor_export.data.mnist import read_idx
from tailor_export.errors import DataError


def idx(values: NDArray[np.uint8]) -> bytes:
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.tobytes()


def write_mnist(root: Path, *, packed: bool = False, names: str = "-") -> Path:
    folder = root / "mnist"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for part, count in (("train", 240), ("t10k", 60)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        noise = random.integers(0, 60, (count, 28, 28))
        images = (noise + 19 * labels[:, None, None]).astype(np.uint8)
        for kind, values in (("images", images), ("labels", labels)):
            content = idx(values)
            name = f"{part}-{kind}{names}idx{values.ndim}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return root


@pytest.mark.parametrize(("packed", "names"), [(False, "-"), (True, "-"), (False, ".")])
def test_reads_the_official_files(tmp_path: Path, packed: bool, names: str) -> None:
    loaded = DATASETS.get("mnist").load(write_mnist(tmp_path, packed=packed, names=names))
    assert loaded.test is not None
    assert loaded.train.inputs.shape == (240, 1, 28, 28)
    assert loaded.test.shape == (1, 28, 28)
    assert loaded.train.labels.tolist() == [i % 10 for i in range(240)]
    assert loaded.classes == tuple("0123456789")


def test_reads_rows_in_order(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "x").write_bytes(idx(values))
    assert np.array_equal(read_idx(tmp_path / "x", 3), values)


def test_says_which_files_it_wants(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="train-images-idx3-ubyte, train-labels-idx1-ubyte"):
        DATASETS.get("mnist").load(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX"),
        (struct.pack(">4B3I", 0, 0, 13, 3, 1, 1, 1) + bytes(4), "no IDX"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 2) + bytes(7), "header"),
        (gzip.compress(bytes(100))[:-20], "damaged"),
    ],
)
def test_refuses_damaged_files(tmp_path: Path, content: bytes, message: str) -> None:
    root = write_mnist(tmp_path)
    (root / "mnist" / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match=message):
        DATASETS.get("mnist").load(root)


def test_refuses_labels_beyond_9(tmp_path: Path) -> None:
    root = write_mnist(tmp_path)
    labels = np.full(60, 10, dtype=np.uint8)
    (root / "mnist" / "t10k-labels-idx1-ubyte").write_bytes(idx(labels))
    with pytest.raises(DataError, match="label 10"):
        DATASETS.get("mnist").load(root)


def test_refuses_pictures_of_another_size(tmp_path: Path) -> None:
    root = write_mnist(tmp_path)
    small = np.zeros((60, 14, 14), dtype=np.uint8)
    (root / "mnist" / "t10k-images-idx3-ubyte").write_bytes(idx(small))
    with pytest.raises(DataError, match=r"t10k images .* \(14, 14\) pixels"):
        DATASETS.get("mnist").load(root)
