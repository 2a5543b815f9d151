"""MNIST in the IDX format: the official four files, packed or not."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailor_export.data.dataset import Dataset, Groups, Loaded, Samples
from tailor_export.data.inputs import Pictures
from tailor_export.errors import DataError

FOLDER = "mnist"
UNSIGNED_BYTE = 8
CLASSES = 10
SIZE = (28, 28)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Reads one file of unsigned bytes: 0, 0, type, dimensions, their sizes, values."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}") from error
    if content[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise DataError(f"{path} is no IDX file of bytes in {dimensions} dimensions")
    start = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    if len(shape) != dimensions or len(content) != start + math.prod(shape):
        raise DataError(f"{path} has {len(content)} bytes, which its header {shape} does not give")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()


def load(root: Path) -> Loaded:
    """Reads the folder `mnist`."""
    folder = root / FOLDER
    return Loaded(
        train=_samples(folder, "train"),
        test=_samples(folder, "t10k"),
        classes=tuple(str(digit) for digit in range(CLASSES)),
    )


def _samples(folder: Path, part: str) -> Samples:
    images = read_idx(_find(folder, f"{part}-images", "idx3-ubyte"), 3)
    labels = read_idx(_find(folder, f"{part}-labels", "idx1-ubyte"), 1).astype(np.int64)
    if len(images) != len(labels) or len(labels) == 0:
        raise DataError(f"{folder} has {len(images)} {part} images and {len(labels)} labels")
    if labels.max() >= CLASSES:
        raise DataError(f"{folder} holds the label {labels.max()}; 0 to {CLASSES - 1} are allowed")
    if images.shape[1:] != SIZE:
        raise DataError(
            f"the {part} images in {folder} are of {images.shape[1:]} pixels, not {SIZE}"
        )
    return Samples(images[:, None], labels)


def _find(folder: Path, stem: str, kind: str) -> Path:
    for separator in ("-", "."):
        for packed in ("", ".gz"):
            path = folder / f"{stem}{separator}{kind}{packed}"
            if path.is_file():
                return path
    raise DataError(
        f"there is no {stem}-{kind} or {stem}-{kind}.gz in {folder}. Wanted are the four official "
        "IDX files of MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte, "
        "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte. "
        "`node scripts/fetch-mnist.mjs` in the repository's root puts them into .cache/"
    )


MNIST = Dataset(
    name="mnist",
    title="MNIST",
    load=load,
    input=Pictures(size=SIZE, mean=(0.1307,), std=(0.3081,)),
    groups=Groups(many=1000, few=200),
    licence=(
        "The data are MNIST by Yann LeCun, Corinna Cortes and Christopher Burges, to be cited as "
        "'Gradient-Based Learning Applied to Document Recognition', LeCun et al., 1998. No image "
        "is part of this repository."
    ),
    defaults={"model": "mlp3", "imbalance_factor": 0.0, "epochs": 40},
    fetch="node scripts/fetch-mnist.mjs",
)
