"""`cb` and `cb-wd`: class-balanced loss, without and with weight decay."""

from tailor_export.methods.losses import class_balanced
from tailor_export.methods.method import Method

CB = Method(
    name="cb",
    title="class-balanced loss",
    objective=class_balanced,
    knobs=("beta",),
)

CB_WD = Method(
    name="cb-wd",
    title="class-balanced loss with weight decay",
    objective=class_balanced,
    weight_decay=5e-3,
    knobs=("beta",),
)
