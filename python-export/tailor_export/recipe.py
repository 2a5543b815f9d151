"""Complete settings from the few that were given."""

from typing import Any

from tailor_export.catalogue import METHODS, MODELS, find_dataset, knobs_of
from tailor_export.errors import RunError
from tailor_export.settings import Settings

OF_METHODS = ("weight_decay", "feature_regularization")


def settings_from(given: dict[str, Any]) -> Settings:
    """What was given, then what the data set has, then what the method has, then the defaults.

    A data set may have another strength of what a method does, but makes no method do more.
    """
    default = vars(Settings())
    method = METHODS.get(given.get("method", default["method"]))
    dataset = find_dataset(given.get("dataset", default["dataset"]))
    own = {name: getattr(method, name) for name in OF_METHODS}
    of_dataset = {
        name: value for name, value in dataset.defaults.items() if name not in own or own[name] > 0
    }
    settings = Settings(**{**default, **own, **of_dataset, **given})
    _refuse_idle(settings, given)
    return settings


def _refuse_idle(settings: Settings, given: dict[str, Any]) -> None:
    """What was given must mean something to the method, the model and the optimizer."""
    of_methods = {knob for name in METHODS.names() for knob in METHODS.get(name).knobs}
    of_models = {knob for name in MODELS.names() for knob in MODELS.get(name).knobs}
    idle = sorted((of_methods | of_models) & given.keys() - set(knobs_of(settings)))
    if idle:
        noun = "model" if idle[0] in of_models else "method"
        raise RunError(f"the {noun} {getattr(settings, noun)!r} has no {idle[0]}")
    if settings.optimizer != "sgd" and "momentum" in given:
        raise RunError(f"the optimizer {settings.optimizer!r} has no momentum")
