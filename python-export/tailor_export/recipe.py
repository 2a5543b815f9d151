"""Complete settings from the few that were given."""

from typing import Any

from tailor_export.catalogue import METHODS, find_dataset
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
    knobs = {knob for name in METHODS.names() for knob in METHODS.get(name).knobs}
    idle = sorted(knobs & given.keys() - set(method.knobs))
    if idle:
        raise RunError(f"the method {method.name!r} has no {idle[0]}")
    own = {name: getattr(method, name) for name in OF_METHODS}
    of_dataset = {
        name: value for name, value in dataset.defaults.items() if name not in own or own[name] > 0
    }
    return Settings(**{**default, **own, **of_dataset, **given})
