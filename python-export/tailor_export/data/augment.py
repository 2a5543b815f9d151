"""Random crop and horizontal flip of many images at once."""

import torch
from torch import Tensor

PADDING = 4


def pad(images: Tensor) -> Tensor:
    """Adds a black border, once for all epochs."""
    return torch.nn.functional.pad(images, (PADDING,) * 4)


def random_crop_and_flip(padded: Tensor, generator: torch.Generator) -> Tensor:
    """Cuts every image of [N, C, H + 8, W + 8] at its own place and mirrors every other one."""
    count = len(padded)
    offsets = 2 * PADDING + 1
    height, width = padded.shape[2] - 2 * PADDING, padded.shape[3] - 2 * PADDING
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    top = torch.randint(offsets, (count,), generator=generator)
    left = torch.randint(offsets, (count,), generator=generator)
    mirrored = torch.randint(2, (count,), generator=generator).bool().to(padded.device)
    cropped = windows[torch.arange(count), :, top, left]
    return torch.where(mirrored[:, None, None, None], cropped.flip(3), cropped)


def normalise(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(pixel / 255 - mean) / std per channel."""
    scale = 1 / (255 * std)
    return images.float() * scale[:, None, None] - (mean / std)[:, None, None]
