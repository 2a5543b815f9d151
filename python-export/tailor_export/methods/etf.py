"""The methods whose head is a simplex ETF, drawn once from the seed and never trained.

The paper fixes the whole linear layer, so the bias is 0 by default. The authors' published code
trains a bias beside the fixed weight; `etf_bias` does that.
"""

from torch import nn

from tailor_export.methods.batch_norm import all_but_batch_norm, fix_batch_norms, in_turn
from tailor_export.methods.losses import (
    cross_entropy,
    dot_regression,
    with_feature_regularization,
)
from tailor_export.methods.method import Method
from tailor_export.methods.simplex import simplex_etf
from tailor_export.models.extractor import Classifier
from tailor_export.settings import Settings

SEED_OFFSET = 0x455446
"""So that the frame is not drawn from the numbers the first layer is drawn from."""


def fix_head(model: Classifier, settings: Settings) -> None:
    """Makes the head an ETF that no gradient reaches."""
    head = model.head
    weight = simplex_etf(head.out_features, head.in_features, settings.seed + SEED_OFFSET)
    head.weight = nn.Parameter(weight, requires_grad=False)
    nn.init.zeros_(head.bias)
    head.bias.requires_grad_(settings.etf_bias)


WD_ETF = Method(
    name="wd-etf",
    title="cross-entropy with weight decay under a fixed ETF head",
    objective=cross_entropy,
    weight_decay=5e-3,
    prepare=fix_head,
    knobs=("etf_bias",),
)

WD_FR_ETF = Method(
    name="wd-fr-etf",
    title="cross-entropy with weight decay and feature regularisation under a fixed ETF head",
    objective=with_feature_regularization,
    weight_decay=5e-3,
    feature_regularization=1e-2,
    prepare=fix_head,
    knobs=("feature_regularization", "etf_bias"),
)

WD_ETF_DR = Method(
    name="wd-etf-dr",
    title="dot regression with weight decay under a fixed ETF head",
    objective=dot_regression,
    weight_decay=5e-3,
    prepare=fix_head,
)

WD_WITHOUT_BN_ETF = Method(
    name="wd-without-bn-etf",
    title=(
        "cross-entropy with weight decay on everything but batch normalisation "
        "under a fixed ETF head"
    ),
    objective=cross_entropy,
    weight_decay=5e-3,
    decayed=all_but_batch_norm,
    prepare=fix_head,
    knobs=("etf_bias",),
)

WD_FIXED_BN_ETF = Method(
    name="wd-fixed-bn-etf",
    title=(
        "cross-entropy with weight decay and batch normalisation held at one small scale "
        "under a fixed ETF head"
    ),
    objective=cross_entropy,
    weight_decay=5e-3,
    decayed=all_but_batch_norm,
    prepare=in_turn(fix_batch_norms, fix_head),
    knobs=("bn_scale", "etf_bias"),
)
