"""Tables: comma- or tab-separated text and ARFF, packed by gzip or not.

A column whose every value is a number is one input; any other column is one input of 0 or 1 for
each of its values. One column holds the class.
"""

import csv
import gzip
import io
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailor_export.data.dataset import Dataset, Family, Groups, Loaded, Samples
from tailor_export.data.inputs import Columns
from tailor_export.errors import DataError

MISSING = {"", "?", "na", "nan", "null", "none"}
TARGETS = ("target", "class")
KINDS = (".csv", ".tsv", ".arff")


@dataclass(frozen=True)
class Table:
    names: list[str]
    rows: list[list[str]]


def load(path: Path, target: str | None) -> Loaded:
    """Reads a table; without `target` the class is in `target`, `class` or the last column."""
    table = read_table(path)
    place = _target(table, target, path)
    values = [row[place] for row in table.rows]
    if any(_missing(value) for value in values):
        raise DataError(f"{path} has rows without a value in the column {table.names[place]!r}")
    classes = _sorted(set(values))
    if len(classes) < 2:
        raise DataError(f"{path} has one class only in the column {table.names[place]!r}")
    number = {name: index for index, name in enumerate(classes)}
    inputs, columns = _inputs(table, place, path)
    labels = np.array([number[value] for value in values], dtype=np.int64)
    return Loaded(train=Samples(inputs, labels), test=None, classes=tuple(classes), columns=columns)


def read_table(path: Path) -> Table:
    """Names and values as text."""
    text = _read(path)
    kind = Path(path.name.removesuffix(".gz")).suffix
    if kind == ".arff":
        table = _arff(text, path)
    elif kind in KINDS:
        lines = csv.reader(io.StringIO(text), delimiter="\t" if kind == ".tsv" else ",")
        rows = [[value.strip() for value in row] for row in lines if row]
        table = Table(rows[0] if rows else [], rows[1:])
    else:
        raise DataError(f"{path} is none of {', '.join(KINDS)}, packed as .gz or not")
    for number, row in enumerate(table.rows, 1):
        if len(row) != len(table.names):
            raise DataError(
                f"row {number} of {path} has {len(row)} values for {len(table.names)} columns"
            )
    if not table.rows or len(table.names) < 2:
        raise DataError(f"{path} has {len(table.rows)} rows and {len(table.names)} columns")
    return table


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or no text: {error}") from error


def _arff(text: str, path: Path) -> Table:
    """The dense form of Weka's format: @attribute lines, @data, comma-separated rows."""
    names: list[str] = []
    lines = (line.strip() for line in text.splitlines())
    for line in lines:
        keyword, _, rest = line.partition(" ")
        if keyword.lower() == "@data":
            break
        if keyword.lower() == "@attribute":
            rest = rest.strip()
            quote = rest[:1] if rest[:1] in ("'", '"') else ""
            names.append(rest[1:].split(quote)[0] if quote else rest.split()[0])
    else:
        raise DataError(f"{path} has no @data")
    data = [line for line in lines if line and not line.startswith("%")]
    if data and data[0].startswith("{"):
        raise DataError(f"{path} is a sparse ARFF file; only dense ones are read")
    quote = "'" if any("'" in line for line in data[:100]) else '"'
    rows = csv.reader(data, quotechar=quote, skipinitialspace=True)
    return Table(names, [[value.strip() for value in row] for row in rows])


def _target(table: Table, target: str | None, path: Path) -> int:
    if target is not None:
        if target not in table.names:
            raise DataError(f"{path} has no column {target!r}, but {', '.join(table.names)}")
        return table.names.index(target)
    lower = [name.lower() for name in table.names]
    return next((lower.index(name) for name in TARGETS if name in lower), len(lower) - 1)


def _inputs(table: Table, place: int, path: Path) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    columns: list[NDArray[np.float32]] = []
    names: list[str] = []
    for index, name in enumerate(table.names):
        if index == place:
            continue
        values = [row[index] for row in table.rows]
        present = [value for value in values if not _missing(value)]
        if present and all(_number(value) is not None for value in present):
            if len(present) < len(values):
                raise DataError(
                    f"{path} has {len(values) - len(present)} rows without a number in the column "
                    f"{name!r}; fill them in or leave the column out"
                )
            columns.append(np.array([float(value) for value in values], dtype=np.float32))
            names.append(name)
        else:
            for value in _sorted(set(values)):
                columns.append(np.array([given == value for given in values], dtype=np.float32))
                names.append(f"{name}={value}")
    return np.stack(columns, axis=1), tuple(names)


def _missing(value: str) -> bool:
    return value.lower() in MISSING


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _sorted(values: set[str]) -> list[str]:
    """Numbers by size, anything else by its letters."""
    if all(_number(value) is not None for value in values):
        return sorted(values, key=lambda value: (float(value), value))
    return sorted(values)


DEFAULTS: Mapping[str, Any] = {
    "model": "table-mlp",
    "imbalance_factor": 0.0,
    "test_per_class": 20,
    "optimizer": "adamw",
    "epochs": 100,
    "learning_rate": 1e-3,
    "weight_decay": 0.1,
}
"""The paper names AdamW, dropout and the network; the numbers are ours."""


def open_table(spec: str) -> Dataset:
    """FILE or FILE?target=COLUMN; the file lies under --data."""
    file, _, query = spec.partition("?")
    key, _, target = query.partition("=")
    if not file or (query and (key != "target" or not target)):
        raise DataError(f"a table is named table:FILE or table:FILE?target=COLUMN, not {spec!r}")
    return Dataset(
        name=f"table:{spec}",
        title=f"the table {Path(file).name}",
        load=lambda root: load(root / file, target or None),
        input=Columns(),
        groups=Groups(many=500, few=200),
        licence=f"The data are those of {Path(file).name}, under the terms of their source.",
        defaults=DEFAULTS,
    )


TABLE = Family(name="table", title="any table: FILE or FILE?target=COLUMN", open=open_table)

HELENA_FILES = tuple(
    f"helena{kind}{packed}" for kind in (".arff", ".csv", ".tsv") for packed in ("", ".gz")
)


def load_helena(root: Path) -> Loaded:
    """From the first of its forms that is there."""
    paths = [root / name for name in HELENA_FILES if (root / name).is_file()]
    if not paths:
        raise DataError(
            f"{root} has none of {', '.join(HELENA_FILES)}. Helena is data set 41169 of OpenML"
        )
    return load(paths[0], None)


HELENA = Dataset(
    name="helena",
    title="Helena",
    load=load_helena,
    input=Columns(),
    groups=Groups(many=500, few=200),
    licence=(
        "The data are Helena from the AutoML challenge (Guyon et al. 2019), data set 41169 of "
        "OpenML. No row is part of this repository."
    ),
    defaults=DEFAULTS,
)
