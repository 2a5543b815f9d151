"""Everything that can be chosen by name."""

from tailor_export import data, methods, models
from tailor_export.data.dataset import Dataset, Family
from tailor_export.methods.method import Method
from tailor_export.models.extractor import Architecture
from tailor_export.registry import Registry
from tailor_export.settings import Settings

DATASETS = Registry(data, Dataset, "data set")
FAMILIES = Registry(data, Family, "family of data sets")
MODELS = Registry(models, Architecture, "model")
METHODS = Registry(methods, Method, "method")


def find_dataset(name: str) -> Dataset:
    """By name, or by FAMILY:FILE."""
    family, colon, file = name.partition(":")
    return FAMILIES.get(family).open(file) if colon else DATASETS.get(name)


def knobs_of(settings: Settings) -> tuple[str, ...]:
    """The settings that mean something to this method or model and not to every one."""
    return (*METHODS.get(settings.method).knobs, *MODELS.get(settings.model).knobs)
