"""Random crops and flips of many images at once."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

PADDING = 4


def pad(images: Tensor) -> Tensor:
    """Adds a black border."""
    return functional.pad(images, (PADDING,) * 4)


def random_crop_and_flip(padded: Tensor, generator: torch.Generator) -> Tensor:
    """Cuts every image of [N, C, H + 8, W + 8] at its own place and mirrors every other one."""
    height, width = padded.shape[2] - 2 * PADDING, padded.shape[3] - 2 * PADDING
    cropped = _random_windows(padded, height, width, generator)
    mirrored = torch.randint(2, (len(padded),), generator=generator).bool().to(padded.device)
    return torch.where(mirrored[:, None, None, None], cropped.flip(3), cropped)


def pad_crop_and_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """CIFAR's: padding 4, random crop, horizontal flip."""
    return random_crop_and_flip(pad(images), generator)


def resized_crop_and_flip(size: int) -> Callable[[Tensor, torch.Generator], Tensor]:
    """ImageNet's: a random part of 8 to 100 % of the area, 3:4 to 4:3, at `size`; and flip."""

    def apply(images: Tensor, generator: torch.Generator) -> Tensor:
        count, _, height, width = images.shape
        area = torch.empty(count).uniform_(0.08, 1, generator=generator)
        bound = math.log(4 / 3)
        ratio = torch.empty(count).uniform_(-bound, bound, generator=generator).exp()
        # The half sides of the part, in units of half the image.
        across = (area * ratio * height / width).sqrt().clamp_max(1)
        down = (area / ratio * width / height).sqrt().clamp_max(1)
        left = (2 * torch.rand(count, generator=generator) - 1) * (1 - across)
        top = (2 * torch.rand(count, generator=generator) - 1) * (1 - down)
        sign = 1 - 2.0 * torch.randint(2, (count,), generator=generator)
        nothing = torch.zeros(count)
        rows = [
            torch.stack(row, 1) for row in ((across * sign, nothing, left), (nothing, down, top))
        ]
        transform = torch.stack(rows, 1).to(images.device)
        grid = functional.affine_grid(transform, [count, images.shape[1], size, size], False)
        return functional.grid_sample(
            images.float(), grid, padding_mode="border", align_corners=False
        )

    return apply


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(pixel / 255 - mean) / std per channel."""
    scale = 1 / (255 * std)
    return images.float() * scale[:, None, None] - (mean / std)[:, None, None]


def _random_windows(images: Tensor, height: int, width: int, generator: torch.Generator) -> Tensor:
    count = len(images)
    windows = images.unfold(2, height, 1).unfold(3, width, 1)
    top = torch.randint(windows.shape[2], (count,), generator=generator)
    left = torch.randint(windows.shape[3], (count,), generator=generator)
    return windows[torch.arange(count), :, top, left]
