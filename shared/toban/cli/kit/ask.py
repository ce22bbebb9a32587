"""What a person says: a time, whether to go on."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now

EARLIEST, LATEST = 1900, 9000
_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment_of(word: str, zone: str, terminal: Terminal, wrong: str = "bad.time") -> datetime:
    """
    Return a time as written on the command line; without an offset it is meant in `zone`.

    `wrong` is the text for a word that is none.
    """
    try:
        at = datetime.fromisoformat(word.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
        if EARLIEST <= at.year <= LATEST:
            return at
        raise OverflowError  # days and weeks before and after it are computed
    except (ValueError, OverflowError) as error:
        raise Problem(terminal.say(wrong, word=word), 2) from error


def since(word: str, zone: str, terminal: Terminal) -> datetime:
    """Return a time as `moment_of` does, or so long ago as ``90m``, ``12h``, ``7d``."""
    ago = _AGO.fullmatch(word.strip())
    if ago is None:
        return moment_of(word, zone, terminal, "bad.since")
    return now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})


def agreed(asked: argparse.Namespace, terminal: Terminal, question: str) -> bool:
    """
    Return whether to go on: ``--yes``, or a person who says so; `Problem` when nobody can be
    asked.
    """
    if asked.yes:
        return True
    return answer(asked, terminal, question).casefold() in ("y", "yes", "はい")


def answer(asked: argparse.Namespace, terminal: Terminal, question: str) -> str:
    """Return what a person answers; `Problem` when nobody can be asked."""
    if asked.json or not sys.stdin.isatty():
        raise Problem(terminal.say("ask.nobody"), 2)
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
