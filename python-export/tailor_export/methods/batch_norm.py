"""Weight decay that spares batch normalisation (section 4.3 and Table 1 of the paper).

`wd-without-bn` decays the convolutions and linear layers, the head with its bias included, and no
scaling or shifting parameter of batch normalisation. `wd-fixed-bn` does the same and does not even
train those: every scaling parameter γ is one common small value, every shifting parameter β is 0.
The paper chose γ on validation, so it is a setting here.
"""

from collections.abc import Callable, Iterable, Iterator

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tailor_export.methods.losses import cross_entropy
from tailor_export.methods.method import Method
from tailor_export.models.extractor import Classifier
from tailor_export.settings import Settings


def batch_norms(model: Classifier) -> Iterator[_BatchNorm]:
    """Every batch normalisation, whatever its number of dimensions."""
    return (module for module in model.modules() if isinstance(module, _BatchNorm))


def all_but_batch_norm(model: Classifier) -> Iterable[nn.Parameter]:
    """Weights and biases of the convolutions and linear layers."""
    spared = {id(parameter) for norm in batch_norms(model) for parameter in norm.parameters()}
    return [parameter for parameter in model.parameters() if id(parameter) not in spared]


def fix_batch_norms(model: Classifier, settings: Settings) -> None:
    """γ is `bn_scale`, β is 0, and neither is trained."""
    for norm in batch_norms(model):
        nn.init.constant_(norm.weight, settings.bn_scale)
        nn.init.zeros_(norm.bias)
        norm.requires_grad_(False)


def in_turn(
    *steps: Callable[[Classifier, Settings], None],
) -> Callable[[Classifier, Settings], None]:
    """One preparation after the other."""

    def prepare(model: Classifier, settings: Settings) -> None:
        for step in steps:
            step(model, settings)

    return prepare


WD_WITHOUT_BN = Method(
    name="wd-without-bn",
    title="cross-entropy with weight decay on everything but batch normalisation",
    objective=cross_entropy,
    weight_decay=5e-3,
    decayed=all_but_batch_norm,
)

WD_FIXED_BN = Method(
    name="wd-fixed-bn",
    title="cross-entropy with weight decay and batch normalisation held at one small scale",
    objective=cross_entropy,
    weight_decay=5e-3,
    decayed=all_but_batch_norm,
    prepare=fix_batch_norms,
    knobs=("bn_scale",),
)
