"""One epoch on a small part of real data: every model, and every method.

The data are looked for in the folder that TAILOR_DATA names and in .cache of the repository.
"""

import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_mnist import idx

from tailor_export.catalogue import METHODS, MODELS
from tailor_export.cli import main
from tailor_export.data.cifar import CIFAR10_LAYOUT
from tailor_export.data.mnist import read_idx

CACHE = Path(__file__).parents[2] / ".cache"
PLACES = [Path(place) for place in (os.environ.get("TAILOR_DATA"), CACHE) if place]
TABLE = "tabular/krkopt.tsv.gz"
SMALL = ["--validation-per-class", "2", "--epochs", "1", "--batch", "8"]


NOT_EXPORTED = {"resnet34-imagenet", "resnext50"}
"""To save time: the stem and the blocks of each are also those of another model."""


def find(name: str, how: str) -> Path:
    for place in PLACES:
        if (place / name).exists():
            return place / name
    pytest.skip(f"{name} is neither in the folder TAILOR_DATA nor in .cache; {how}")


def first_of_each_class(labels: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Indices in the order of the file."""
    parts = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(parts))


@pytest.fixture(scope="module")
def cifar10(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The first of each class from every file: 50 for training and validation, 10 for test."""
    source = find(CIFAR10_LAYOUT.folder, "`node scripts/fetch-cifar10.mjs` gets it")
    root = tmp_path_factory.mktemp("cifar10")
    folder = root / CIFAR10_LAYOUT.folder
    folder.mkdir()
    for name in (*CIFAR10_LAYOUT.train, *CIFAR10_LAYOUT.test):
        records = np.fromfile(source / name, np.uint8, 500 * 3073).reshape(-1, 3073)
        records[first_of_each_class(records[:, 0], 1)].tofile(folder / name)
    (folder / CIFAR10_LAYOUT.names).write_bytes((source / CIFAR10_LAYOUT.names).read_bytes())
    return ["--dataset", "cifar10", "--data", str(root), "--imbalance-factor", "3"]


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """10 of each class for training and validation, 2 for test."""
    source = find("mnist", "`node scripts/fetch-mnist.mjs` gets it")
    root = tmp_path_factory.mktemp("mnist")
    (root / "mnist").mkdir()
    for part, count in (("train", 10), ("t10k", 2)):
        images = read_idx(next(source.glob(f"{part}-images*")), 3)
        labels = read_idx(next(source.glob(f"{part}-labels*")), 1)
        kept = first_of_each_class(labels, count)
        (root / "mnist" / f"{part}-images-idx3-ubyte").write_bytes(idx(images[kept]))
        (root / "mnist" / f"{part}-labels-idx1-ubyte").write_bytes(idx(labels[kept]))
    return ["--dataset", "mnist", "--data", str(root)]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """At most 30 rows of each of the 18 classes of krkopt, of which the smallest has 27."""
    source = find(TABLE, "it is the table krkopt of PMLB")
    names, *rows = gzip.decompress(source.read_bytes()).decode().splitlines()
    of_class: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        of_class[row.rpartition("\t")[2]].append(row)
    kept = [row for members in of_class.values() for row in members[:30]]
    root = tmp_path_factory.mktemp("table")
    (root / "krkopt.tsv").write_text("\n".join([names, *kept]), encoding="utf-8")
    return ["--dataset", "table:krkopt.tsv", "--data", str(root), "--test-per-class", "10"]


def data_of(model: str, request: pytest.FixtureRequest) -> list[str]:
    if model == "table-mlp":
        return request.getfixturevalue("table")
    return request.getfixturevalue("mnist" if model.startswith(("mlp", "resb")) else "cifar10")


def train(out: Path, data: list[str], *more: str) -> None:
    assert main(["train", *data, *SMALL, *more, "--out", str(out)]) == 0
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [record["event"] for record in records] == ["start", "epoch", "end"]
    assert np.isfinite(records[1]["loss"])


@pytest.mark.parametrize("model", MODELS.names())
def test_every_model(model: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Exporting fails where the file is not what PyTorch computes."""
    data, out = data_of(model, request), tmp_path / "x.onnx"
    train(tmp_path / "run", data, "--model", model, "--method", "wd-fr-etf")
    if model not in NOT_EXPORTED:
        given = ["--run", str(tmp_path / "run"), *data[2:4], "--out", str(out)]
        assert main(["export", *given]) == 0
        assert out.stat().st_size > 100_000


@pytest.mark.parametrize("method", METHODS.names())
def test_every_method(method: str, tmp_path: Path, cifar10: list[str]) -> None:
    train(tmp_path, cifar10, "--model", "resnet20", "--method", method)
