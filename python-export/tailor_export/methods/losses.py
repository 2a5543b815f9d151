"""The losses of stage 1 and the regulariser of features."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from tailor_export.methods.method import Counts, Objective
from tailor_export.models.extractor import Classifier, Output
from tailor_export.settings import Settings


def cross_entropy(counts: Counts, settings: Settings) -> Objective:
    """Mean of -log softmax(z)_y."""

    def objective(output: Output, labels: Tensor, model: Classifier) -> Tensor:
        return functional.cross_entropy(output.logits, labels)

    return objective


def class_balanced(counts: Counts, settings: Settings) -> Objective:
    """Cross-entropy times the weight of the class, divided by the batch size (Cui et al. 2019).

    functional.cross_entropy(weight=...) would divide by the sum of the batch's weights instead.
    """
    weights = torch.tensor(class_weights(counts, settings.beta), dtype=torch.float32)

    def objective(output: Output, labels: Tensor, model: Classifier) -> Tensor:
        losses = functional.cross_entropy(output.logits, labels, reduction="none")
        return (weights.to(losses.device)[labels] * losses).mean()

    return objective


def class_weights(counts: Counts, beta: float) -> list[float]:
    """(1 - β) / (1 - β^N_k), scaled to a sum of C.

    β = 1 is the limit, harmonic mean / N_k; β = 0 gives every class 1.
    """
    if beta == 1:
        raw = [1 / count for count in counts]
    elif beta == 0:
        raw = [1.0] * len(counts)
    else:
        raw = [(1 - beta) / -math.expm1(count * math.log(beta)) for count in counts]
    return [len(counts) * weight / sum(raw) for weight in raw]


def dot_regression(counts: Counts, settings: Settings) -> Objective:
    """Mean of (w_y·f - ‖w_y‖‖f‖)² / (2‖w_y‖‖f‖), the norms held constant (Yang et al. 2022)."""

    def objective(output: Output, labels: Tensor, model: Classifier) -> Tensor:
        weights = model.head.weight[labels]
        # A feature of zero has the loss 0; the floor keeps it from being 0 / 0.
        norms = (weights.norm(dim=1) * output.features.norm(dim=1)).detach().clamp_min(1e-12)
        products = (weights * output.features).sum(1)
        losses: Tensor = (products - norms) ** 2 / (2 * norms)
        return losses.mean()

    return objective


def with_feature_regularization(counts: Counts, settings: Settings) -> Objective:
    """Cross-entropy + ζ/2 · mean ‖f‖²."""
    loss = cross_entropy(counts, settings)
    half = settings.feature_regularization / 2

    def objective(output: Output, labels: Tensor, model: Classifier) -> Tensor:
        norms = output.features.square().sum(1).mean()
        return loss(output, labels, model) + half * norms

    return objective
