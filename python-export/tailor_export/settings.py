"""What identifies a training run: same settings, same machine, same weights."""

from dataclasses import asdict, dataclass
from typing import Any

from tailor_export.errors import RunError


@dataclass(frozen=True)
class Settings:
    dataset: str = "cifar10"
    model: str = "resnet20"
    method: str = "ce-wd"
    imbalance_factor: float = 100.0
    validation_per_class: int = 20
    split_seed: int = 0
    seed: int = 0
    epochs: int = 320
    batch: int = 64
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads", "learning_rate"):
            if not getattr(self, name) > 0:
                raise RunError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("weight_decay", "momentum", "seed"):
            if not getattr(self, name) >= 0:
                raise RunError(f"{name} must not be negative, but is {getattr(self, name)}")

    def to_json(self) -> dict[str, Any]:
        """With the keys in camel case, as in every JSON file of the project."""
        return {_camel(key): value for key, value in asdict(self).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
