"""JSON Schemas of the event bodies and of the map itself, from the types that the code uses."""

from __future__ import annotations

import importlib
import json
import pkgutil
from functools import cache
from typing import Any

import msgspec

from toban import events
from toban.kernel.event import Body, registered
from toban.kernel.handling import parking
from toban.topology.types import Defaults, MapFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"


@cache
def _vocabulary() -> frozenset[str]:
    """The modules that define events, imported: every one in `toban.events`, and the kernel's own."""
    found = [m.name for m in pkgutil.walk_packages(events.__path__, f"{events.__name__}.")]
    for name in found:
        importlib.import_module(name)
    return frozenset({events.__name__, *found, parking.__name__})


def bodies() -> dict[str, type[Body]]:
    """Return every event type with its body class, without those that tests register."""
    vocabulary = _vocabulary()
    return {body.TYPE: body for body in registered().values() if body.__module__ in vocabulary}


def body_schema(body: type[Body]) -> dict[str, Any]:
    """
    Return the JSON Schema of one event's body.

    Unknown fields are allowed: an event of the same version may gain fields.
    """
    return {"$schema": DRAFT, **_inlined(msgspec.json.schema(body)), "title": body.TYPE}


def map_schema() -> dict[str, Any]:
    """Return the JSON Schema of the map as written: keys with `defaults` are optional."""
    schema = msgspec.json.schema(MapFile)
    given = {field.name for field in msgspec.structs.fields(Defaults)}
    function = schema["$defs"]["Function"]
    function["required"] = [name for name in function["required"] if name not in given]
    return {"$schema": DRAFT, **_inlined(schema), "title": "The map of toban"}


def as_json(value: object) -> str:
    """Return indented JSON text as it is committed."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its root definition at the top and the others under `$defs`."""
    definitions = dict(schema.get("$defs", {}))
    root = definitions.pop(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema
    return {**root, **({"$defs": definitions} if definitions else {})}
