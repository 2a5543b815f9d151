from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PER_FILE, write_cifar10, write_cifar100

from tailor_export.catalogue import DATASETS
from tailor_export.data.cifar import CIFAR10_LAYOUT, read_records
from tailor_export.errors import DataError


def test_reads_planes_in_the_official_order(tmp_path: Path) -> None:
    pixels = np.arange(3072, dtype=np.int64) % 251
    path = tmp_path / "one.bin"
    path.write_bytes(bytes([7, *pixels.tolist()]))
    samples = read_records(path, CIFAR10_LAYOUT)
    assert samples.labels.tolist() == [7]
    assert samples.inputs.shape == (1, 3, 32, 32)
    red, green, blue = samples.inputs[0]
    assert red[0, :3].tolist() == [0, 1, 2]
    assert red[1, 0] == 32
    assert green[0, 0] == 1024 % 251
    assert blue[31, 31] == 3071 % 251


def test_takes_the_fine_label_of_two(tmp_path: Path) -> None:
    layout = replace(CIFAR10_LAYOUT, label_bytes=2, label_byte=1, classes=100)
    path = tmp_path / "two.bin"
    path.write_bytes((bytes([3, 99]) + bytes(3072)) * 2)
    samples = read_records(path, layout)
    assert samples.labels.tolist() == [99, 99]
    assert samples.inputs.max() == 0


def test_loads_all_files_in_order(data_root: Path) -> None:
    loaded = DATASETS.get("cifar10").load(data_root)
    assert len(loaded.train) == 5 * PER_FILE
    assert len(loaded.test or ()) == PER_FILE
    assert loaded.classes == tuple(f"class{k}" for k in range(10))
    assert loaded.train.labels.tolist() == [i % 10 for i in range(PER_FILE)] * 5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data_batch_2.bin", None, "cannot read .*data_batch_2.bin"),
        ("data_batch_3.bin", bytes(3072), "no whole number of records"),
        ("data_batch_4.bin", b"", "0 bytes"),
        ("test_batch.bin", bytes([10]) + bytes(3072), "label 10"),
        ("batches.meta.txt", b"one\ntwo\n", "2 classes instead of 10"),
    ],
)
def test_refuses_damaged_files(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    folder = write_cifar10(tmp_path, 10) / CIFAR10_LAYOUT.folder
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        DATASETS.get("cifar10").load(tmp_path)


def test_says_how_to_get_missing_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fetch-cifar10"):
        DATASETS.get("cifar10").load(tmp_path)


def test_names_the_python_version(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(DataError, match="cifar-10-batches-py is the Python version; the binary"):
        DATASETS.get("cifar10").load(tmp_path)


@pytest.mark.parametrize("name", ["data_batch_5.bin", "test_batch.bin"])
def test_refuses_files_that_lost_whole_records(tmp_path: Path, name: str) -> None:
    path = write_cifar10(tmp_path, 20) / CIFAR10_LAYOUT.folder / name
    path.write_bytes(path.read_bytes()[: 17 * 3073])
    with pytest.raises(DataError, match=rf"{name} in .* images a class, which ought to be equal"):
        DATASETS.get("cifar10").load(tmp_path)


def test_refuses_the_files_of_cifar100(tmp_path: Path) -> None:
    folder = write_cifar100(tmp_path, 2) / "cifar-100-binary"
    folder.rename(tmp_path / CIFAR10_LAYOUT.folder)
    with pytest.raises(DataError, match=r"cannot read .*batches.meta.txt"):
        DATASETS.get("cifar10").load(tmp_path)
    for name, old in (("batches.meta.txt", None), ("data_batch_1.bin", "train.bin")):
        path = tmp_path / CIFAR10_LAYOUT.folder / name
        text = "\n".join("abcdefghij").encode()
        path.write_bytes((path.parent / old).read_bytes() if old else text)
    with pytest.raises(DataError, match="another kind of CIFAR"):
        DATASETS.get("cifar10").load(tmp_path)


def test_cifar100_has_its_fine_labels(tmp_path: Path) -> None:
    loaded = DATASETS.get("cifar100").load(write_cifar100(tmp_path, 2))
    assert loaded.classes[99] == "class99"
    assert loaded.train.labels.tolist() == [i % 100 for i in range(200)]
    assert loaded.train.inputs[:][7].min() == loaded.train.inputs[:][7].max() == 7
