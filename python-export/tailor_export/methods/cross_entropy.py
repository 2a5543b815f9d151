"""`ce` and `ce-wd`: plain cross-entropy, without and with weight decay."""

from torch import Tensor
from torch.nn import functional

from tailor_export.methods.method import Method, Objective
from tailor_export.models.extractor import Classifier, Output


def cross_entropy(counts: tuple[int, ...]) -> Objective:
    def objective(output: Output, labels: Tensor, model: Classifier) -> Tensor:
        return functional.cross_entropy(output.logits, labels)

    return objective


CE = Method(name="ce", title="cross-entropy", objective=cross_entropy)

CE_WD = Method(
    name="ce-wd",
    title="cross-entropy with weight decay",
    objective=cross_entropy,
    weight_decay=5e-3,
)
