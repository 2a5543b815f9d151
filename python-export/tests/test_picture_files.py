from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tailor_export.catalogue import DATASETS
from tailor_export.data.augment import resized_crop_and_flip
from tailor_export.data.picture_files import decode, load_lists
from tailor_export.errors import DataError
from tailor_export.prepare import prepare
from tailor_export.recipe import settings_from


def write_picture(path: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def write_folders(root: Path) -> Path:
    for part, count in (("train", 4), ("val", 1), ("test", 2)):
        for label, name in enumerate(("n02", "n01")):
            for number in range(count):
                path = root / "tiny-imagenet-lt" / part / name / f"{name}_{number}.png"
                write_picture(path, (64, 64), (99 * label, 0, number))
    return root


def write_lists(root: Path) -> Path:
    for part, count in (("train", 3), ("val", 1), ("test", 1)):
        lines = []
        for label in range(3):
            for number in range(count):
                path = f"{part}/n 0{label}/{number}.png"
                write_picture(root / path, (40, 30), (80 * label, number, 0))
                lines.append(f"{path} {label}")
        (root / f"Tiny_{part}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def test_folders(tmp_path: Path) -> None:
    loaded = DATASETS.get("tiny-imagenet-lt").load(write_folders(tmp_path))
    assert loaded.classes == ("n01", "n02")
    assert loaded.validation is not None and loaded.test is not None
    assert [len(loaded.train), len(loaded.validation), len(loaded.test)] == [8, 2, 4]
    assert loaded.train.shape == (3, 64, 64)
    assert loaded.train.labels.tolist() == [0] * 4 + [1] * 4
    assert loaded.train.inputs[:][:, :, 0, 0].tolist() == [
        [red, 0, number] for red in (99, 0) for number in range(4)
    ]


def test_refuses_a_class_without_validation(tmp_path: Path) -> None:
    root = write_folders(tmp_path)
    (root / "tiny-imagenet-lt/val/n02/n02_0.png").unlink()
    with pytest.raises(DataError, match=r"validation of Tiny-ImageNet-LT has no sample .*'n02'"):
        prepare(settings_from({"dataset": "tiny-imagenet-lt"}), root)


def test_lists_are_read_when_asked_for(tmp_path: Path) -> None:
    loaded = load_lists(write_lists(tmp_path), "Tiny", 3, 20)
    assert loaded.validation is not None and loaded.test is not None
    assert loaded.train.inputs.shape == (9, 3, 20, 20)
    assert loaded.train.labels.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    part = loaded.train.take(np.array([8, 0]))
    assert part.labels.tolist() == [2, 0]
    assert part.inputs[:][:, :, 10, 10].tolist() == [[160, 2, 0], [0, 0, 0]]
    assert part.inputs[torch.tensor([1])][0, :, 0, 0].tolist() == [0, 0, 0]


def test_pictures_are_scaled_by_the_shorter_side_and_cut_in_the_middle(tmp_path: Path) -> None:
    picture = np.zeros((30, 60, 3), np.uint8)
    picture[:, 15:45] = 255
    Image.fromarray(picture).save(tmp_path / "x.png")
    result = decode(tmp_path / "x.png", 10)
    assert result.shape == (3, 10, 10)
    assert result[:, :, 1:9].min() == 255


@pytest.mark.parametrize("name", ["imagenet-lt", "mini-imagenet-lt", "tiny-imagenet-lt"])
def test_says_what_is_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="Wanted are"):
        DATASETS.get(name).load(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train/a.png 3", "line 1 of .* label"),
        ("train/a.png", "line 1 of .* path and a label"),
        ("train/a.png 0", "1 of the 1 pictures .* not there, the first is .*a.png"),
        ("", "lists nothing"),
    ],
)
def test_refuses_lists(tmp_path: Path, line: str, message: str) -> None:
    root = write_lists(tmp_path)
    (root / "Tiny_train.txt").write_text(line, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_lists(root, "Tiny", 3, 20)


def test_refuses_a_list_that_is_no_text(tmp_path: Path) -> None:
    root = write_lists(tmp_path)
    (root / "Tiny_train.txt").write_bytes(b"train/\xff.png 0")
    with pytest.raises(DataError, match=r"Tiny_train\.txt is damaged or no text"):
        load_lists(root, "Tiny", 3, 20)


def test_refuses_what_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="no picture"):
        decode(path, 8)


def test_resized_crops_lie_inside_their_picture() -> None:
    images = torch.arange(40 * 40, dtype=torch.float32).div(10).reshape(1, 1, 40, 40)
    batch = images.to(torch.uint8).expand(200, 3, 40, 40)
    result = resized_crop_and_flip(16)(batch, torch.Generator().manual_seed(0))
    assert result.shape == (200, 3, 16, 16)
    assert result.min() >= 0 and result.max() <= 159
    rising = (result[:, 0, 8].diff(dim=1) > -1e-3).all(dim=1).float().mean()
    assert 0.3 < rising < 0.7  # the others are mirrored
    again = resized_crop_and_flip(16)(batch, torch.Generator().manual_seed(0))
    assert torch.equal(result, again)
