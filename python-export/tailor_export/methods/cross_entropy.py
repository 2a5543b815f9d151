"""`ce` and `ce-wd`: plain cross-entropy, without and with weight decay."""

from tailor_export.methods.losses import cross_entropy
from tailor_export.methods.method import Method

CE = Method(name="ce", title="cross-entropy", objective=cross_entropy)

CE_WD = Method(
    name="ce-wd",
    title="cross-entropy with weight decay",
    objective=cross_entropy,
    weight_decay=5e-3,
)
