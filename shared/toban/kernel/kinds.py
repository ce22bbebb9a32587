"""
Kinds: structs told apart by a tag (``type: slack``), each in a folder of its own.

A folder of the package holds a module ``kind`` with one subclass of the package's base. Nothing
lists them: they are found by walking the package.
"""

from __future__ import annotations

import importlib
import importlib.util
import operator
import pkgutil
from functools import cache, reduce
from types import GenericAlias, ModuleType
from typing import Any, TypeVar

import msgspec

K = TypeVar("K", bound=msgspec.Struct)


@cache
def kinds(package: str, base: type[K]) -> tuple[type[K], ...]:
    """
    Return the subclasses of `base` in the folders of `package`, by their `RANK`, then by tag.

    Raises `ValueError` for a folder whose module ``kind`` does not define exactly one.
    """
    found: list[type[K]] = []
    for folder in pkgutil.iter_modules(importlib.import_module(package).__path__):
        name = f"{package}.{folder.name}.kind"
        if not folder.ispkg or importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        own = [
            each
            for each in vars(module).values()
            if isinstance(each, type) and issubclass(each, base) and each.__module__ == name
        ]
        if len(own) != 1:
            raise ValueError(f"{name} defines {len(own)} subclasses of {base.__name__}, not one")
        found += own
    return tuple(sorted(found, key=lambda kind: (getattr(kind, "RANK", 0), tag_of(kind))))


def tag_of(kind: type[msgspec.Struct]) -> str:
    """Return the tag that names this kind in a file."""
    return str(kind.__struct_config__.tag)


def named(package: str, base: type[msgspec.Struct]) -> Any:
    """
    Return the type of a mapping from names to values of any kind, as a profile's section holds
    it.
    """
    return GenericAlias(dict, (str, reduce(operator.or_, kinds(package, base))))


def module_of_kind(kind: type, module: str) -> ModuleType:
    """Return a module of the folder that defines a kind's class; raises `ImportError`."""
    return importlib.import_module(f"{kind.__module__.rpartition('.')[0]}.{module}")
