"""
The files of a new function: what `toban new function` writes.

A function belongs to a domain, a package below ``toban``; both are named here and nowhere else.
The handler keeps a document for its event, which is what most begin with; the rest is a person's.
"""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from toban.kernel.prepared import converted
from toban.topology import schemas
from toban.topology.documents import document_classes
from toban.topology.reader import MapError, as_written
from toban.topology.rooms import is_domain
from toban.topology.types import FunctionName, MapFile

_DOMAIN = re.compile(r"[a-z]+(_[a-z]+)*")
_FUNCTIONS = re.compile(r"^functions:\n(?:(?: .*)?\n)*", re.MULTILINE)
"""That part of the map, up to the next."""


class CannotAddError(ValueError):
    """The function cannot be added; the message says why, and what exists instead."""


@dataclass(frozen=True)
class NewFunction:
    """A function that `toban new function` adds."""

    name: str
    """``record_deploy``: verb and noun; its document is named after the noun."""
    topic: str
    domain: str
    """The package below ``toban``; may be there already."""

    @property
    def noun(self) -> str:
        """Return the name of its document class: ``Deploy``."""
        _, _, rest = self.name.partition("_")
        return "".join(word.capitalize() for word in (rest or self.name).split("_"))

    @property
    def collection(self) -> str:
        """Return the collection of its documents: ``deploys``."""
        _, _, rest = self.name.partition("_")
        return rest if rest.endswith("s") else f"{rest or self.name}s"


def files(root: Path, wanted: NewFunction) -> dict[Path, str]:
    """
    Return every file that is new or changes, with its text; nothing is written here.

    Raises `CannotAddError` for a name that is taken or malformed, for an unknown topic, and
    while the map cannot be read.
    """
    path = root / "events" / "topology.yaml"
    text = path.read_text(encoding="utf-8")
    try:
        topology = as_written(text, str(path))
    except MapError as error:
        raise CannotAddError(str(error)) from error
    _require(root, topology, wanted)
    body = schemas.bodies().get(topology.topics[wanted.topic].event)
    if body is None:
        raise CannotAddError(
            f"no module of toban.events defines {topology.topics[wanted.topic].event}"
        )
    values = {
        "name": wanted.name,
        "topic": wanted.topic,
        "domain": wanted.domain,
        "noun": wanted.noun,
        "collection": wanted.collection,
        "events": body.__module__,
        "event": body.__name__,
        "about": topology.topics[wanted.topic].about.en,
    }
    package = root / "shared" / "toban" / wanted.domain
    made = {
        root / "functions" / wanted.name / "main.py": _MAIN,
        package / f"{wanted.name}.py": _HANDLER,
        root / "tests" / "unit" / wanted.domain / f"test_{wanted.name}.py": _TEST,
        root / "tests" / "simulation" / "stories" / f"{wanted.name}.py": _STORY,
    }
    if not (package / "__init__.py").exists():
        made[package / "__init__.py"] = '"""{noun}: what happens to it."""\n'
    texts = {path: _in_order(text.format(**values)) for path, text in made.items()}
    taken = sorted(str(path.relative_to(root)) for path in texts if path.exists())
    if taken:
        raise CannotAddError(f"there is already {', '.join(taken)}")
    if any(wanted.noun in _imported(made) for made in texts.values()):
        raise CannotAddError(f"{wanted.noun} is imported where it would stand: take another noun")
    return {**texts, path: _with_entry(text, _ENTRY.format(**values))}


def _imported(source: str) -> set[str]:
    """The names that a module imports for other things than its document."""
    nodes = (node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom))
    return {
        alias.name
        for node in nodes
        for alias in node.names
        if "HANDLERS" not in {each.name for each in node.names}
    }


def _in_order(text: str) -> str:
    """With our own imports sorted: their order follows from the names that were filled in."""
    lines = text.split("\n")
    imports = [n for n, line in enumerate(lines) if line.startswith("from toban.")]
    for n, line in zip(imports, sorted(lines[n] for n in imports), strict=True):
        lines[n] = line
    return "\n".join(lines)


def _require(root: Path, topology: MapFile, wanted: NewFunction) -> None:
    try:
        converted(wanted.name, FunctionName)
    except msgspec.ValidationError as error:
        raise CannotAddError(f"{wanted.name!r} is no name for a function: {error}") from error
    if "_" not in wanted.name:
        raise CannotAddError(
            f"{wanted.name!r}: a function is named by verb and noun (record_deploy)"
        )
    if wanted.name in topology.functions or (root / "functions" / wanted.name).exists():
        raise CannotAddError(f"there is a function {wanted.name} already")
    if wanted.topic not in topology.topics:
        raise CannotAddError(
            f"there is no topic {wanted.topic!r} on the map; there are "
            + ", ".join(sorted(topology.topics))
        )
    if (
        not _DOMAIN.fullmatch(wanted.domain)
        or not is_domain(wanted.domain)
        or keyword.iskeyword(wanted.domain)
    ):
        raise CannotAddError(f"{wanted.domain!r} is no name for a domain")
    owner = document_classes().get(wanted.collection)
    if owner is not None:
        raise CannotAddError(f"{owner.__module__} keeps {wanted.collection!r} already")


def _with_entry(text: str, entry: str) -> str:
    """The map with one function more, the last of its kind."""
    found = _FUNCTIONS.search(text)
    assert found is not None, "a map without functions"
    written = f"{text[: found.end()].rstrip()}\n\n{entry}\n{text[found.end() :]}"
    as_written(written)
    return written


_ENTRY = """  {name}:
    about: {{en: "Keeps {collection}.", ja: "{collection} を記録する。"}}
    consumes: [{topic}]
    writes: [{collection}]
"""

_MAIN = '''"""{name}: keeps {collection}."""

from toban.{domain}.{name} import HANDLERS
from toban.entry import subscriber

main = subscriber("{name}", HANDLERS)
'''

_HANDLER = '''"""`{name}`: {about}"""

from datetime import datetime
from typing import ClassVar

from {events} import {event}
from toban.kernel.document import Document, Keep
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work


class {noun}(Document, kw_only=True):
    """What is known of one of them."""

    COLLECTION: ClassVar[str] = "{collection}"
    KEEP = Keep.days(400, "a record of what was done", "行ったことの記録")

    at: datetime

    def over_since(self) -> datetime | None:
        """From the beginning: it does not change."""
        return self.at


def keep(_event: {event}, work: Work) -> None:
    """Keep a record of the event, once."""
    work.create({noun}(id=work.derive(), at=work.now))


HANDLERS = Handlers().on({event}, Decision(keep))
'''

_TEST = '''"""What {name} does."""

from {events} import {event}
from toban.{domain}.{name} import HANDLERS, {noun}
from toban.testing import TestPlatform, sample


def test_it_is_kept_once_however_often_it_comes():
    platform = TestPlatform(handlers={{"{name}": HANDLERS}})
    for _ in range(2):
        platform.send(sample({event}), id="the same")
        platform.drain()
    assert [kept.at for kept in platform.documents({noun})] == [platform.clock.now()]
'''

_STORY = '''"""{about}"""

from tests.simulation.stories import happens
from {events} import {event}

STORY = happens({event}, to="{name}", leaves="{collection}")
'''
