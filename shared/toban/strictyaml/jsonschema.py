"""
The JSON Schema of what `toban.strictyaml.reader` reads, from the very types that it reads into.

For editors, which complete keys and mark mistakes while somebody types. It says less than the
reader: what only holds between two places (a name that is used and not defined) no schema can say.
Draft 7, because that is what editors understand; there nothing may stand beside ``$ref``.
"""

from __future__ import annotations

import types
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from toban.strictyaml.checks import ADDRESS, SECRET_NAME
from toban.strictyaml.values import ClockTime, Seconds, is_section

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
Describe = Callable[[type[msgspec.Struct], str], str]
"""What a key of a struct is for (an empty key: the struct itself); empty: nothing is said."""

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_DAY: Final = r"\d{4}-\d{2}-\d{2}"
_SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": -999_999_999, "maximum": 999_999_999},
    Seconds: {
        "type": "string",
        "pattern": r"^(?=\d)(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s)?$",
        "examples": ["15m", "4h", "7d", "1h30m"],
    },
    ClockTime: {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "examples": ["09:00"]},
    date: {"type": "string", "pattern": f"^{_DAY}$", "examples": ["2025-01-06"]},
    datetime: {
        "type": "string",
        "pattern": rf"^{_DAY}[Tt ]+\d{{2}}:\d{{2}}(:\d{{2}})? ?([Zz]|[+-]\d{{2}}:?\d{{2}})?$",
        "examples": ["2025-01-06 09:00", "2025-01-06T09:00+09:00"],
    },
}
"""How single values are written, by their type (`toban.strictyaml.scalars`)."""
_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$"},
    "target": {
        "type": "string",
        "pattern": "^(oncall:(primary|secondary|all)|person:.+|channel:.+)$",
        "examples": ["oncall:primary", "oncall:secondary", "oncall:all"],
    },
    "secret": {"type": "string", "pattern": f"^({SECRET_NAME.pattern})?$"},
    "email": {"type": "string", "pattern": f"^({ADDRESS.pattern})?$"},
    "cron": {
        "type": "string",
        "pattern": r"^\s*[0-9A-Za-z*,/-]+(\s+[0-9A-Za-z*,/-]+){4}\s*$",
        "examples": ["0 2 * * *", "*/10 * * * *", "0 9 * * MON-FRI"],
    },
}
"""And by the ``format`` that a type notes."""


def json_schema(kind: type[msgspec.Struct], title: str, describe: Describe) -> dict[str, Any]:
    """Return the schema of a file that holds a `kind`, to be read by people and editors."""
    made = _Schema(describe)
    body = made.struct(kind)
    return {"$schema": DRAFT, "title": title, **body, "definitions": made.definitions}


class _Schema:
    """The definitions so far: one for each struct that was met."""

    def __init__(self, describe: Describe) -> None:
        self.definitions: dict[str, Any] = {}
        self._describe = describe

    def struct(self, kind: type[msgspec.Struct]) -> dict[str, Any]:
        """Return what a mapping with the keys of a struct has to be."""
        fields = msgspec.structs.fields(kind)
        properties: dict[str, Any] = {}
        required = [field.encode_name for field in fields if field.required]
        tag, tag_field = kind.__struct_config__.tag, kind.__struct_config__.tag_field
        if tag_field is not None:
            properties[tag_field] = {"const": tag}
            required.insert(0, tag_field)
        for field in fields:
            value = self.value(field.type)
            default = _written(field.default, field.type)
            about = self._describe(kind, field.encode_name)
            if "$ref" in value and (about or default is not None):
                value = {"allOf": [value]}
            properties[field.encode_name] = {
                **({"description": about} if about else {}),
                **value,
                **({} if default is None else {"default": default}),
            }
        about = self._describe(kind, "")
        return {
            **({"description": about} if about else {}),
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def value(self, kind: Any) -> dict[str, Any]:
        """Return what a value has to be, by the type that it is read into."""
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._annotated(kind)
        if origin in {Union, types.UnionType}:
            never = {msgspec.UnsetType, *((type(None),) if is_section(arguments) else ())}
            said = [self.value(each) for each in arguments if each not in never]
            return said[0] if len(said) == 1 else {"anyOf": said}
        if kind is type(None):
            return {"type": "null"}
        if origin is tuple:
            return {"type": "array", "items": self.value(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.value(arguments[1])}
        if origin is Literal:
            return {"enum": list(arguments)}
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind.__name__ not in self.definitions:
                self.definitions[kind.__name__] = {}  # it may hold itself
                self.definitions[kind.__name__] = self.struct(kind)
            return {"$ref": f"#/definitions/{kind.__name__}"}
        return dict(_SCALARS[kind])

    def _annotated(self, kind: Any) -> dict[str, Any]:
        said = self.value(get_args(kind)[0])
        for note in kind.__metadata__:
            name = (note.extra or {}).get("format", "")
            if name == "zone":
                self.definitions.setdefault("zone", {"enum": _zones()})
                return {"$ref": "#/definitions/zone"}
            said = {**said, **_FORMATS.get(name, {})}
            bounds = {"minimum": note.ge, "maximum": note.le, "pattern": note.pattern}
            many = "Items" if said.get("type") == "array" else "Length"
            bounds |= {f"min{many}": note.min_length, f"max{many}": note.max_length}
            said |= {key: bound for key, bound in bounds.items() if bound is not None}
        return said


@cache
def _zones() -> list[str]:
    """Every zone that this machine knows, as the reader asks it."""
    return sorted(zoneinfo.available_timezones())


def _written(value: Any, kind: Any) -> Any:
    """A default as a file would have it; None: there is none worth showing."""
    kinds = [each for each in (get_args(kind) or (kind,)) if each is not msgspec.UnsetType]
    if Seconds in kinds and isinstance(value, int):
        return _duration(value)
    return value if isinstance(value, (str, int)) and value != "" else None


def _duration(seconds: int) -> str:
    """Return a duration as files have it, in its largest units: ``1h30m``."""
    parts, rest = [], seconds
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0m"
