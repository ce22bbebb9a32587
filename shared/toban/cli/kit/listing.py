"""A list of documents, for domains that need no more than that (`Builder.listing`)."""

from __future__ import annotations

import argparse
import importlib
from datetime import datetime
from typing import Any

from toban.cli.kit.session import session
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import Times
from toban.kernel.document import Document, encode
from toban.kernel.event import timestamp


def list_(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Return the documents of one class as a table, newest first, or whole as JSON."""
    module, _, name = asked.document.partition(":")
    cls: type[Document] = getattr(importlib.import_module(module), name)
    with session(asked, terminal) as work:
        where = [("service", "==", asked.service)] if asked.service else []
        found = sorted(
            work.reader.find(cls, *where),  # type: ignore[arg-type]
            key=lambda document: getattr(document, asked.order),
            reverse=True,
        )
        zones = {service: work.reader.zone(service) for service in {_service(d) for d in found}}
    if asked.json:
        terminal.json([_view(document) for document in found])
        return 0
    if not found:
        terminal.line(terminal.say("none.listed"))
        return 0
    times = Times((getattr(d, asked.order), zones[_service(d)]) for d in found)
    terminal.table(
        terminal.titles(*asked.columns, **{asked.order: times.title}),
        [[_cell(d, c, times, zones[_service(d)]) for c in asked.columns] for d in found],
        flexible=len(asked.columns) - 1,
    )
    return 0


def _service(document: Document) -> str:
    return str(getattr(document, "service", ""))


def _view(document: Document) -> dict[str, Any]:
    """Every field; times as everywhere in JSON."""
    return {
        name: timestamp(value) if isinstance(value, datetime) else value
        for name, value in encode(document).items()
    }


def _cell(document: Document, column: str, times: Times, zone: str) -> str:
    value = getattr(document, column)
    return times.written(value, zone) if isinstance(value, datetime) else str(value)
