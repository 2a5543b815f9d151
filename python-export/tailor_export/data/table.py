"""Tables: comma- or tab-separated text and ARFF, packed by gzip or not.

A column whose every value is a number is one input; any other column is one input of 0 or 1 for
each of its values. One column holds the class. The TypeScript side reads the same tables to the
same numbers, see test/fixtures/table.py; a rule that changes here must change there.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tailor_export.data.dataset import Dataset, Family, Groups, Loaded, Samples
from tailor_export.data.inputs import Columns
from tailor_export.data.text import read_text
from tailor_export.errors import DataError

MISSING = {"", "?", "na", "n/a", "nan", "null", "none"}
TARGETS = ("target", "class")
KINDS = (".csv", ".tsv", ".arff")
SPACES = " \t\n\v\f\r"
MAX_INPUTS = 20_000
"""More are a mistake: a column of names or times, of which every value would be an input."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
"""Not all that float() takes: 1_000, inf, nan and digits of other scripts are words in a table."""

QUOTED = r"""'([^'\\]*(?:(?:\\.|'')[^'\\]*)*)'|"([^"\\]*(?:(?:\\.|"")[^"\\]*)*)\""""
ARFF_VALUE = re.compile(rf"[ \t]*(?:{QUOTED}|([^ \t,'\"][^,]*|))[ \t]*(,|\Z)")
ARFF_ATTRIBUTE = re.compile(rf"@attribute[ \t]+(?:{QUOTED}|([^ \t{{'\"][^ \t{{]*))", re.IGNORECASE)


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
    text = read_text(path)
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind == ".arff":
        table = _arff(text, path)
    elif kind in KINDS:
        table = _delimited(text, "\t" if kind == ".tsv" else ",", path)
    else:
        raise DataError(f"{path} is none of {', '.join(KINDS)}, packed as .gz or not")
    for number, row in enumerate(table.rows, 1):
        if len(row) != len(table.names):
            raise DataError(
                f"row {number} of {path} has {len(row)} values for {len(table.names)} columns"
            )
    if not table.rows or len(table.names) < 2:
        raise DataError(
            f"{path} has {len(table.rows)} rows and {len(table.names)} columns; commas separate "
            "the columns of .csv and .arff, tabs those of .tsv"
        )
    _check_names(table.names, path)
    return table


def _delimited(text: str, delimiter: str, path: Path) -> Table:
    lines = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        rows = [[_strip(value) for value in row] for row in lines if row not in ([], [""])]
    except csv.Error as error:
        raise DataError(f"line {lines.line_num} of {path} cannot be read: {error}") from error
    return Table(rows[0] if rows else [], rows[1:])


def _arff(text: str, path: Path) -> Table:
    """The dense form of Weka's format: @attribute lines, @data, comma-separated rows.

    What an attribute is declared as does not matter: the same table gives the same inputs in any
    format.
    """
    names: list[str] = []
    lines = enumerate((_strip(line) for line in text.split("\n")), 1)
    for number, line in lines:
        keyword = re.split(r"[ \t]", line, maxsplit=1)[0].lower()
        if keyword == "@data":
            break
        if keyword == "@attribute":
            found = ARFF_ATTRIBUTE.match(line)
            if not found:
                raise DataError(f"line {number} of {path} names no attribute: {line!r}")
            names.append(_value(found))
    else:
        raise DataError(f"{path} has no @data")
    rows = []
    for number, line in lines:
        if line.startswith("{"):
            raise DataError(f"{path} is a sparse ARFF file; only dense ones are read")
        if line and not line.startswith("%"):
            rows.append(list(_arff_values(line, number, path)))
    return Table(names, rows)


def _arff_values(line: str, number: int, path: Path) -> Iterator[str]:
    place = 0
    while True:
        found = ARFF_VALUE.match(line, place)
        if not found:
            raise DataError(f"line {number} of {path} has a quote that does not end: {line!r}")
        yield _value(found)
        if not found[4]:
            return
        place = found.end()


def _value(found: re.Match[str]) -> str:
    """A quote is doubled or has a backslash before it, and so has a backslash."""
    single, double, bare = found.group(1, 2, 3)
    if single is not None:
        return _strip(re.sub(r"\\(.)|''", lambda part: part[1] or "'", single))
    if double is not None:
        return _strip(re.sub(r'\\(.)|""', lambda part: part[1] or '"', double))
    return _strip(bare)


def _check_names(names: list[str], path: Path) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"{path} has two columns or inputs named {twice!r}")


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
            columns.append(_numbers(values, name, path))
            names.append(name)
        else:
            known = _sorted(set(values))
            if len(names) + len(known) > MAX_INPUTS:
                raise DataError(
                    f"{path} would give more than {MAX_INPUTS} inputs: the column {name!r}, which "
                    f"is not numeric, has {len(known)} values"
                )
            place_of = {value: index for index, value in enumerate(known)}
            places = np.array([place_of[value] for value in values])
            columns += [(places == index).astype(np.float32) for index in range(len(known))]
            names += [f"{name}={value}" for value in known]
    _check_names(names, path)
    return np.stack(columns, axis=1), tuple(names)


def _numbers(values: list[str], name: str, path: Path) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        numbers = np.array([float(value) for value in values]).astype(np.float32)
    if not np.isfinite(numbers).all():
        wrong = values[int(np.argmin(np.isfinite(numbers)))]
        raise DataError(f"{path} has {wrong} in the column {name!r}, which float32 cannot hold")
    return numbers


def _strip(value: str) -> str:
    return value.strip(SPACES)


def _missing(value: str) -> bool:
    return value.lower() in MISSING


def _number(value: str) -> float | None:
    return float(value) if NUMBER.fullmatch(value) else None


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
