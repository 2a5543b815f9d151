import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tailor_export.catalogue import DATASETS, find_dataset
from tailor_export.data import table
from tailor_export.data.table import load
from tailor_export.errors import DataError

CSV = "size,colour,class\n1.5,red,10\n-2,blue,9\n3e1,red,9\n"
ARFF = """% from OpenML
@RELATION helena
@ATTRIBUTE class {'9','10'}
@attribute 'a size' REAL
@ATTRIBUTE colour {red,'light blue'}
@DATA
10,1.5,red
9,-2,'light blue'

9,3e1,red
"""
GOLDEN = Path(__file__).parents[2] / "test" / "fixtures" / "table.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))


def write(path: Path, text: str) -> Path:
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.suffix.lower() == ".gz" else content)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_golden(case: dict[str, Any], tmp_path: Path) -> None:
    """The TypeScript side reads the same out of the same tables."""
    path = write(tmp_path / case["file"], case["text"])
    if "code" in case:
        with pytest.raises(DataError):
            load(path, case.get("target"))
        return
    loaded = load(path, case.get("target"))
    assert list(loaded.columns) == case["columns"]
    assert list(loaded.classes) == case["classes"]
    assert loaded.train.labels.tolist() == case["labels"]
    assert loaded.train.inputs[:].tolist() == case["rows"]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.tsv.gz"])
def test_text(tmp_path: Path, name: str) -> None:
    text = CSV.replace(",", "\t") if "tsv" in name else CSV
    loaded = load(write(tmp_path / name, text), None)
    assert loaded.classes == ("9", "10")
    assert loaded.columns == ("size", "colour=blue", "colour=red")
    assert loaded.train.labels.tolist() == [1, 0, 0]
    assert np.array_equal(loaded.train.inputs[:], [[1.5, 0, 1], [-2, 1, 0], [30, 0, 1]])
    assert loaded.train.inputs[:].dtype == np.float32
    assert loaded.test is None and loaded.validation is None


def test_arff(tmp_path: Path) -> None:
    write(tmp_path / "helena.arff", ARFF)
    loaded = DATASETS.get("helena").load(tmp_path)
    assert loaded.classes == ("9", "10")
    assert loaded.columns == ("a size", "colour=light blue", "colour=red")
    assert np.array_equal(loaded.train.inputs[:], [[1.5, 0, 1], [-2, 1, 0], [30, 0, 1]])


def test_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "packed.csv").write_bytes(gzip.compress(CSV.encode()))
    (tmp_path / "plain.csv.gz").write_bytes(CSV.encode())
    for name in ("packed.csv", "plain.csv.gz"):
        assert load(tmp_path / name, None).classes == ("9", "10")


def test_refuses_a_column_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_INPUTS", 2)
    path = write(tmp_path / "x.csv", "n,name,class\n1,Ann,x\n2,Bob,y\n")
    with pytest.raises(DataError, match=r"more than 2 inputs: the column 'name'.* has 2 values"):
        load(path, None)


def test_another_target(tmp_path: Path) -> None:
    write(tmp_path / "x.csv", CSV)
    loaded = find_dataset("table:x.csv?target=colour").load(tmp_path)
    assert loaded.classes == ("blue", "red")
    assert loaded.columns == ("size", "class")


def test_the_last_column_is_the_target_of_last_resort(tmp_path: Path) -> None:
    loaded = load(write(tmp_path / "x.csv", CSV.replace("class", "kind")), None)
    assert loaded.classes == ("9", "10")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "", "0 rows"),
        ("x.csv", "a,class\n1,2\n1\n", "row 2 of .* has 1 values for 2 columns"),
        ("x.csv", "a,class\n1,2\n,3\n", "1 rows without a number in the column 'a'"),
        ("x.csv", "a,class\n1,2\n3,?\n", "without a value in the column 'class'"),
        ("x.csv", "a,class\n1,2\n3,2\n", "one class only"),
        ("x.csv", "a;class\n1;2\n", "1 rows and 1 columns; commas separate"),
        ("x.csv", 'a,class\n1,2\n3,"4\n', "line 3 of .* cannot be read"),
        ("x.csv", "a,a,class\n1,2,3\n", "two columns or inputs named 'a'"),
        ("x.csv", "a,a=x,class\nx,1,1\ny,2,2\n", "two columns or inputs named 'a=x'"),
        ("x.csv", "a,class\n1,2\n1e39,3\n", "1e39 in the column 'a', which float32 cannot hold"),
        ("x.arff", "@attribute 'a real\n@data\n1\n", "line 1 of .* names no attribute"),
        ("x.arff", "@attribute a real\n@data\n'1\n", "line 3 of .* has a quote that does not end"),
        ("x.xls", CSV, "none of .csv, .tsv, .arff"),
        ("x.arff", "@attribute a real\n", "no @data"),
        ("x.arff", "@attribute a real\n@data\n{0 1}\n", "sparse"),
    ],
)
def test_refuses(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / name, text), None)


def test_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of helena.arff, .*OpenML"):
        DATASETS.get("helena").load(tmp_path)
    with pytest.raises(DataError, match="cannot read"):
        find_dataset("table:x.csv").load(tmp_path)
    with pytest.raises(DataError, match="no column 'z'"):
        load(write(tmp_path / "x.csv", CSV), "z")
    with pytest.raises(DataError, match="table:FILE"):
        find_dataset("table:x.csv?goal=z")
    (tmp_path / "y.csv.gz").write_bytes(gzip.compress(CSV.encode())[:-9])
    with pytest.raises(DataError, match=r"damaged|cannot read"):
        load(tmp_path / "y.csv.gz", None)
