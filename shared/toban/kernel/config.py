"""Configuration: read once per process from the environment, frozen, complete or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from toban.kernel.errors import TobanError
from toban.kernel.prepared import converted


class ConfigError(TobanError):
    """Settings are missing or malformed (`wrong`: their names); the message names all of them."""

    def __init__(self, message: str, wrong: Sequence[str] = ()) -> None:
        """`wrong`: the variables whose value has not the form that it needs."""
        super().__init__(message)
        self.wrong = tuple(wrong)


C = TypeVar("C", bound=msgspec.Struct)


def read(cls: type[C], environ: Mapping[str, str], prefix: str = "TOBAN_") -> C:
    """
    Return a config struct read from the environment.

    A field ``data_dir`` is ``TOBAN_DATA_DIR``; a field renamed with msgspec keeps its own name
    in full. Numbers and booleans are parsed; a blank value is absent. Raises `ConfigError`
    listing every missing and every malformed name at once, never a value.
    """
    given: dict[str, Any] = {}
    missing: list[str] = []
    wrong: list[str] = []
    for field in msgspec.structs.fields(cls):
        name = field.encode_name
        if name == field.name:
            name = prefix + field.name.upper()
        value = environ.get(name, "").strip()
        if value:
            try:
                given[field.name] = converted(value, field.type, strict=False)
            except msgspec.ValidationError:
                # Its message may quote the value: it is not passed on, not even as the cause.
                wrong.append(name)
        elif field.required:
            missing.append(name)
    if missing or wrong:
        faults = [*(f"{name} is not set" for name in missing)]
        faults += [f"{name} does not have the right form" for name in wrong]
        raise ConfigError("; ".join(faults) + " (see README)", wrong)
    return cls(**given)
