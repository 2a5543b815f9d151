"""What identifies a training run: same settings, same machine, same weights."""

from dataclasses import asdict, dataclass
from typing import Any

from tailor_export.errors import RunError

OPTIMIZERS = ("sgd", "adamw")
PRECISIONS = ("float32", "bf16")


@dataclass(frozen=True)
class Settings:
    dataset: str = "cifar10"
    model: str = "resnet20"
    method: str = "ce-wd"
    imbalance_factor: float = 100.0
    validation_per_class: int = 20
    test_per_class: int = 0
    """Of data that come without a test set."""
    split_seed: int = 0
    seed: int = 0
    epochs: int = 320
    batch: int = 64
    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay_head_bias: bool = True
    beta: float = 1.0
    """Of the class-balanced loss; 1 weights by the inverse of the class size."""
    feature_regularization: float = 0.0
    """ζ: this, halved, times the mean squared norm of the features is added to the loss."""
    bn_scale: float = 0.1
    """γ of every batch normalisation where a method fixes it."""
    etf_bias: bool = False
    """Whether a fixed ETF head has a bias that is trained."""
    dropout: float = 0.15
    """Share of a layer's outputs that are 0 in a step, where a model has dropout."""
    precision: str = "float32"
    """float32, or bf16: forward and backward in bfloat16 where that is safe."""
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads", "learning_rate", "bn_scale"):
            if not getattr(self, name) > 0:
                raise RunError(f"{name} must be positive, not {getattr(self, name)}")
        for name in ("weight_decay", "feature_regularization", "momentum", "seed"):
            if not getattr(self, name) >= 0:
                raise RunError(f"{name} must not be negative, but is {getattr(self, name)}")
        for name, allowed in (("optimizer", OPTIMIZERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in allowed:
                names = " or ".join(allowed)
                raise RunError(f"{name} must be {names}, not {getattr(self, name)!r}")
        if not 0 <= self.beta <= 1:
            raise RunError(f"beta must lie in 0 ... 1, not {self.beta}")
        if not 0 <= self.dropout < 1:
            raise RunError(f"dropout must lie in 0 ... 1, below 1, not {self.dropout}")
        if self.batch < 2:
            raise RunError("batch must be at least 2: batch normalisation needs a variance")
        if self.seed >= 2**31:
            raise RunError(f"seed must be below 2^31, not {self.seed}")

    def to_json(self) -> dict[str, Any]:
        """With the keys in camel case, as in every JSON file of the project."""
        return {camel(key): value for key, value in asdict(self).items()}


def camel(name: str) -> str:
    """snake_case to camelCase."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
