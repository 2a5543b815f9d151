"""Picture files: folders with a subfolder per class, and lists of 'path label' lines.

Files are decoded when they are asked for. What fits is decoded once and kept.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tailor_export.data.augment import pad_crop_and_flip, resized_crop_and_flip
from tailor_export.data.dataset import Dataset, Groups, Loaded, Samples
from tailor_export.data.inputs import Pictures
from tailor_export.data.text import read_text
from tailor_export.errors import DataError

ENDINGS = {".jpg", ".jpeg", ".png"}
THREADS = 8


class PictureFiles:
    """Behaves as the uint8 array [N, 3, side, side] of its files."""

    def __init__(self, paths: NDArray[np.object_], side: int) -> None:
        self.paths = paths
        self.side = side

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.paths), 3, self.side, self.side)

    def take_lazily(self, indices: NDArray[np.int64]) -> "PictureFiles":
        return PictureFiles(self.paths[indices], self.side)

    def __getitem__(self, indices: Any) -> NDArray[np.uint8]:
        paths = self.paths[indices if isinstance(indices, slice) else np.asarray(indices)]
        with ThreadPoolExecutor(THREADS) as pool:
            pictures = list(pool.map(lambda path: decode(path, self.side), paths))
        return np.stack(pictures) if pictures else np.empty((0, *self.shape[1:]), np.uint8)


def decode(path: Path, side: int) -> NDArray[np.uint8]:
    """Scaled until the shorter side is `side`, then the centre: uint8 [3, side, side]."""
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except FileNotFoundError as error:
        raise DataError(f"there is no picture {path}") from error
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{path} is no picture that can be read: {error}") from error
    if picture.size != (side, side):
        scale = side / min(picture.size)
        width, height = (max(side, round(length * scale)) for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
        left, top = (width - side) // 2, (height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1))


def folder_samples(folder: Path, classes: Sequence[str], side: int) -> Samples:
    """FOLDER/CLASS/PICTURE, all decoded; files in the order of their names."""
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        pictures = folder / name / "images"
        inside = pictures if pictures.is_dir() else folder / name
        if not inside.is_dir():
            raise DataError(f"there is no folder {inside}")
        found = sorted(path for path in inside.iterdir() if path.suffix.lower() in ENDINGS)
        paths += found
        labels += [label] * len(found)
    if not paths:
        raise DataError(f"{folder} holds no picture")
    files = PictureFiles(np.array(paths, dtype=object), side)
    return Samples(files[:], np.array(labels, dtype=np.int64))


def list_samples(path: Path, root: Path, classes: int, side: int) -> Samples:
    """A file of 'path label' lines, the paths under `root`; nothing is decoded yet."""
    lines = read_text(path).splitlines()
    paths: list[Path] = []
    labels: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        file, _, label = line.strip().rpartition(" ")
        if not file or not label.isdecimal() or int(label) >= classes:
            raise DataError(
                f"line {number} of {path} is {line.strip()!r}, not a path and a label "
                f"from 0 to {classes - 1}"
            )
        paths.append(root / file)
        labels.append(int(label))
    if not paths:
        raise DataError(f"{path} lists nothing")
    absent = [file for file in paths if not file.is_file()]
    if absent:
        raise DataError(
            f"{len(absent):,} of the {len(paths):,} pictures that {path} names are not there, "
            f"the first is {absent[0]}"
        )
    return Samples(PictureFiles(np.array(paths, dtype=object), side), np.array(labels, np.int64))


def load_folders(folder: Path, side: int) -> Loaded:
    """The folders train, val and test; a class is a subfolder of train."""
    missing = [name for name in ("train", "val", "test") if not (folder / name).is_dir()]
    if missing:
        raise DataError(
            f"{folder} has no folder {missing[0]}. Wanted are train, val and test, each with a "
            "subfolder of pictures per class"
        )
    classes = tuple(sorted(path.name for path in (folder / "train").iterdir() if path.is_dir()))
    if len(classes) < 2:
        raise DataError(f"{folder / 'train'} has {len(classes)} subfolders; classes are wanted")
    train, validation, test = (
        folder_samples(folder / name, classes, side) for name in ("train", "val", "test")
    )
    return Loaded(train=train, validation=validation, test=test, classes=classes)


def load_lists(folder: Path, stem: str, classes: int, side: int) -> Loaded:
    """STEM_train.txt, STEM_val.txt and STEM_test.txt beside the pictures they name."""
    files = [folder / f"{stem}_{part}.txt" for part in ("train", "val", "test")]
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise DataError(
            f"there is no {missing[0]}. Wanted are {', '.join(file.name for file in files)} with "
            f"lines of 'path label', and the pictures at those paths under {folder}"
        )
    train, validation, test = (list_samples(file, folder, classes, side) for file in files)
    names = tuple(str(label) for label in range(classes))
    return Loaded(train=train, validation=validation, test=test, classes=names)


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_TERMS = (
    "The pictures are those of ImageNet (https://image-net.org), for research only. "
    "No image is part of this repository."
)
COMPLETE: dict[str, Any] = {"imbalance_factor": 0.0, "validation_per_class": 0}
"""Train has its tail already and validation is a set of its own."""

LARGE = Pictures(
    size=(224, 224),
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    augmentation=resized_crop_and_flip(224),
    augmented="random resized crop to 224 x 224 and horizontal flip",
    resize_to=256,
)

TINY_IMAGENET_LT = Dataset(
    name="tiny-imagenet-lt",
    title="Tiny-ImageNet-LT",
    load=lambda root: load_folders(root / "tiny-imagenet-lt", 64),
    input=Pictures(
        size=(64, 64),
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        augmentation=pad_crop_and_flip,
        augmented="random crop with padding 4 and horizontal flip",
    ),
    groups=Groups(many=100, few=20),
    licence=IMAGENET_TERMS,
    defaults={**COMPLETE, "model": "resnet34"},
)

IMAGENET_LT = Dataset(
    name="imagenet-lt",
    title="ImageNet-LT",
    load=lambda root: load_lists(root / "imagenet-lt", "ImageNet_LT", 1000, 256),
    input=LARGE,
    groups=Groups(many=100, few=20),
    licence=IMAGENET_TERMS,
    defaults={**COMPLETE, "model": "resnext50-imagenet"},
)

MINI_IMAGENET_LT = Dataset(
    name="mini-imagenet-lt",
    title="mini-ImageNet-LT",
    load=lambda root: load_lists(root / "mini-imagenet-lt", "mini_ImageNet_LT", 100, 256),
    input=LARGE,
    groups=Groups(many=100, few=20),
    licence=IMAGENET_TERMS,
    defaults={**COMPLETE, "model": "resnet34-imagenet"},
)
