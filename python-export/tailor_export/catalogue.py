"""Everything that can be chosen by name."""

from tailor_export import data, methods, models
from tailor_export.data.dataset import Dataset
from tailor_export.methods.method import Method
from tailor_export.models.extractor import Architecture
from tailor_export.registry import Registry

DATASETS = Registry(data, Dataset, "data set")
MODELS = Registry(models, Architecture, "model")
METHODS = Registry(methods, Method, "method")
