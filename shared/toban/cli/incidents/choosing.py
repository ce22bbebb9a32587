"""Which incident a command means."""

from __future__ import annotations

import argparse
from typing import NoReturn

from toban.cli.incidents.tables import table
from toban.cli.incidents.views import incidents
from toban.cli.kit.reader import StoreReader, incident_of
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.incidents.documents import Incident


def newest(reader: StoreReader, terminal: Terminal) -> Incident:
    """
    Return the newest incident that nobody has acknowledged, else the newest that is not
    resolved.

    Those for which people are called come before all others.
    """
    going_on = [i for i in incidents(reader, now()) if i.status != "resolved"]
    if not going_on:
        _nothing_open(reader, terminal)
    if len(going_on) > 1:
        terminal.note(terminal.say("others", n=len(going_on) - 1))
    return _those_that_call(reader, going_on)[0]


def _those_that_call(reader: StoreReader, found: list[Incident]) -> list[Incident]:
    """Those for which people are called, if any; else all of them."""
    return [i for i in found if reader.calls_people(i)] or found


def meant(reader: StoreReader, asked: argparse.Namespace, terminal: Terminal) -> Incident:
    """
    Return the incident that is named, else the only one that it can be: to be acknowledged one that
    waits for it (that nobody has taken; else that called people, or reminded them, since it was), for
    anything else one that is not resolved.

    Several are listed, and nothing is done. Of ``note TEXT`` without an id the first word is text.
    """
    if asked.action == "note" and not _names_one(reader, asked.id):
        asked.text, asked.id = [asked.id, *asked.text], None
    if asked.action == "note" and not any(word.strip() for word in asked.text):
        raise Problem(terminal.say("note.empty"), 2)
    if asked.id is not None:  # "" is what a script has when it found none
        return incident_of(reader, asked.id, terminal)
    statuses = ("open",) if asked.action == "acknowledge" else ("open", "acknowledged")
    found = [i for status in statuses for i in incidents(reader, now(), status=status)]
    if asked.action == "acknowledge" and not found:
        taken = incidents(reader, now(), status="acknowledged")
        found = [i for i in taken if i.called_since_taken(now()) is not None]
    if not found:
        _nothing_open(reader, terminal)
    found = _those_that_call(reader, found)
    if len(found) > 1:
        if not asked.json:
            table(reader, found, terminal)
        words = ", ".join(i.id for i in found[:5])
        raise Problem(terminal.say("which", n=len(found), words=words), 2)
    return found[0]


def _names_one(reader: StoreReader, word: str) -> bool:
    """Whether a word is meant as an id, also as one that there is not: it is none of a sentence."""
    word = word.strip().lower().removeprefix("incidents/")
    return word.startswith("inc-") or not word or bool(reader.by_prefix(Incident, f"inc-{word}", 1))


def _nothing_open(reader: StoreReader, terminal: Terminal) -> NoReturn:
    last = reader.find(Incident, order_by="-opened_at", limit=1)
    if not last:
        raise Problem(terminal.say("none.open"))
    status = terminal.say(f"status.{last[0].status}")
    raise Problem(terminal.say("none.open.last", id=last[0].id, status=status))
