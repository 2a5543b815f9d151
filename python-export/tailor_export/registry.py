"""Named things found by looking into a package: adding one means adding a file."""

import importlib
import pkgutil
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from tailor_export.errors import TailorExportError


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """All values of one type that the modules of a package define at their top level."""

    def __init__(self, package: ModuleType, kind: type[T], noun: str) -> None:
        self._noun = noun
        self._entries: dict[str, T] = {}
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for value in vars(module).values():
                if isinstance(value, kind):
                    self._add(value)

    def _add(self, value: T) -> None:
        known = self._entries.setdefault(value.name, value)
        if known is not value:
            raise ValueError(f"two entries are called {value.name!r}: one {self._noun} each")

    def names(self) -> list[str]:
        return sorted(self._entries)

    def get(self, name: str) -> T:
        try:
            return self._entries[name]
        except KeyError:
            allowed = ", ".join(self.names())
            raise TailorExportError(f"unknown {self._noun} {name!r}; known: {allowed}") from None
