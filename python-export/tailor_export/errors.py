"""Errors that the command line reports without a stack trace."""


class TailorExportError(Exception):
    """Something the user can put right; the message says what and how."""


class DataError(TailorExportError):
    """A data set is missing, damaged or not what was asked for."""


class RunError(TailorExportError):
    """A training run cannot be started, resumed or exported."""


class ExportError(TailorExportError):
    """The exported model is not what it should be."""
