"""`toban schema`: what may stand in a profile, for editors."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from toban.cli.kit.terminal import Terminal, say
from toban.sections.collect import whole
from toban.sections.teams import team_file
from toban.strictyaml.jsonschema import json_schema
from toban.strictyaml.values import Section
from toban.texts import Language


def schema(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Print the schema of a profile, or of a team file."""
    terminal.json(schema_of(asked.of, terminal.language))
    return 0


def schema_of(kind: str, language: Language) -> dict[str, Any]:
    """Return the JSON Schema of a ``profile`` or a ``team`` file, described in a language."""

    def describe(struct: type[msgspec.Struct], key: str) -> str:
        try:
            return say(language, f"schema.{name_of(struct, key)}")
        except KeyError:
            return ""  # a kind that somebody else has added

    title = say(language, f"schema.title.{kind}")
    return json_schema(team_file() if kind == "team" else whole(), title, describe)


def name_of(struct: type[msgspec.Struct], key: str) -> str:
    """Return what a key is called in texts: ``CLASS.KEY``, by the class that defines it."""
    if struct in (whole(), team_file()):
        return f"Profile.{key}"
    bases = [base for base in struct.__mro__ if issubclass(base, Section)]
    owner = next((b for b in reversed(bases) if key in b.__struct_encode_fields__), struct)
    return f"{owner.__name__}.{key}".removesuffix(".")
