"""`toban clock`: the time of a data directory whose clock is virtual."""

from __future__ import annotations

import argparse
import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from toban.cli.kit.ask import moment_of
from toban.cli.kit.terminal import Problem, Terminal
from toban.kernel.i18n import moment

if TYPE_CHECKING:
    from toban.adapters.local.files.clock import FileClock


def show(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show the time the data directory has."""
    now = _clock(asked, terminal).now()
    if asked.json:
        terminal.json({"now": now})
    else:
        terminal.line(terminal.say("clock.now", now=moment(terminal.language, now, _zone(asked))))
    return 0


def advance(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Have the runtime let time pass; returns when everything on the way has come to rest."""
    from toban.local import control

    _clock(asked, terminal)
    wanted = _wanted(asked.how, _zone(asked), terminal)
    running = control.find(asked.data)
    if running is None:
        raise Problem(terminal.say("clock.not-running", data=asked.data))
    try:
        status, said = control.ask(running, "/clock", wanted)
    except OSError as error:
        raise Problem(terminal.say("clock.not-running", data=asked.data)) from error
    if status != 200:
        raise Problem(terminal.say("clock.refused", error=said.get("error", status)))
    if asked.json:
        terminal.json(said)
        return 0
    zone = _zone(asked)
    shown = {
        name: moment(terminal.language, datetime.fromisoformat(said[name]), zone)
        for name in ("before", "now", "next_at")
        if said[name] is not None
    }
    terminal.line(terminal.say("clock.moved", **said | shown))
    if "next_at" in shown:
        terminal.line(terminal.say("clock.next", at=shown["next_at"], waiting=said["waiting"]))
    return 0


def _clock(asked: argparse.Namespace, terminal: Terminal) -> FileClock:
    from toban.adapters.local.files.clock import FileClock
    from toban.local.world import CLOCK

    if asked.project:
        raise Problem(terminal.say("clock.project"), 2)
    try:
        return FileClock(asked.data / CLOCK)
    except FileNotFoundError as error:
        if not asked.data.is_dir():
            raise Problem(terminal.say("data.none", data=asked.data)) from error
        raise Problem(terminal.say("clock.real", data=asked.data)) from error


def _zone(asked: argparse.Namespace) -> str:
    """The zone of most of the data directory's services."""
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.cli.kit.reader import StoreReader
    from toban.local.world import DATABASE

    if not (asked.data / DATABASE).is_file():
        return "UTC"
    with contextlib.closing(SqliteDatabase(asked.data / DATABASE)) as database:
        return StoreReader(SqliteStore(database)).home_zone()


def _wanted(words: list[str], zone: str, terminal: Terminal) -> dict[str, Any]:
    """The request behind ``25m``, ``to TIME`` and ``until-idle``."""
    from toban.strictyaml.scalars import WrongValueError, parse_duration

    try:
        if words == ["until-idle"]:
            return {"until_idle": True}
        if len(words) == 2 and words[0] == "to":
            return {"to": moment_of(words[1], zone, terminal, "clock.bad").isoformat()}
        if len(words) == 1:
            return {"seconds": parse_duration(words[0])}
    except (ValueError, WrongValueError) as error:
        raise Problem(terminal.say("clock.bad", word=" ".join(words)), 2) from error
    raise Problem(terminal.say("clock.bad", word=" ".join(words)), 2)
