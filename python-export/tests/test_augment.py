import numpy as np
import torch

from tailor_export.data import augment


def test_every_result_is_a_window_of_its_own_image() -> None:
    images = torch.randint(1, 256, (40, 3, 6, 5), dtype=torch.uint8)
    padded = augment.pad(images)
    generator = torch.Generator().manual_seed(5)
    results = augment.random_crop_and_flip(padded, generator)
    assert results.shape == images.shape
    seen = set()
    for image, result in zip(padded, results, strict=True):
        places = {
            (top, left, flipped)
            for top in range(9)
            for left in range(9)
            for flipped in (False, True)
            if torch.equal(
                result.flip(2) if flipped else result, image[:, top : top + 6, left : left + 5]
            )
        }
        assert len(places) >= 1
        seen |= places
    assert len({top for top, _, _ in seen}) > 5
    assert {flipped for _, _, flipped in seen} == {False, True}


def test_same_generator_same_result() -> None:
    padded = augment.pad(torch.randint(0, 256, (8, 3, 4, 4), dtype=torch.uint8))
    first, second = (
        augment.random_crop_and_flip(padded, torch.Generator().manual_seed(1)) for _ in range(2)
    )
    assert torch.equal(first, second)


def test_normalise_is_the_documented_formula() -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, axis=1)
    mean, std = np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.25, 0.3])
    expected = (pixels / 255 - mean[:, None, None]) / std[:, None, None]
    actual = augment.normalise(
        torch.from_numpy(pixels), torch.tensor(mean).float(), torch.tensor(std).float()
    )
    np.testing.assert_allclose(actual.numpy(), expected, atol=1e-6)
