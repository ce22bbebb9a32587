"""Times on the wall clock of the service they belong to, with the zone named once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from toban.cli.kit.terminal import Terminal
from toban.kernel.i18n import Language, duration, moment

if TYPE_CHECKING:
    from toban.ports import Clock

LIST = "%m-%d %H:%M"
LIST_SECONDS = "%m-%d %H:%M:%S"


class _Going:
    """Which clock the command that is being carried out goes by."""

    by: Clock | None = None
    """None: the machine's."""


def go_by(clock: Clock | None) -> None:
    """Let this command go by a clock; None: by the machine's."""
    _Going.by = clock


def now() -> datetime:
    """Return the time: that of the data directory, if it has one of its own (`toban clock`)."""
    return datetime.now(UTC) if _Going.by is None else _Going.by.now()


def zone_name(at: datetime, zone: str) -> str:
    """Return what `zone` is called at that moment: ``JST``, ``CEST``, ``UTC+0300``."""
    return moment("en", at, zone).rsplit(" ", 1)[1]


class Times:
    """
    The times of one list, in one form.

    When all of them are in one zone, the title of the column names it, else each time does.
    Zones are told apart by name and offset: CST is America's and China's.
    """

    def __init__(self, shown: Iterable[tuple[datetime, str]]) -> None:
        """`shown` are the times to be written, each with its IANA zone."""
        found = {
            (zone_name(at, zone), at.astimezone(ZoneInfo(zone)).utcoffset()) for at, zone in shown
        }
        self._only = next(iter(found))[0] if len(found) == 1 else ""

    def title(self, word: str) -> str:
        """Return the title of the first column of times: ``OPENED (JST)``."""
        return f"{word} ({self._only})" if self._only else word

    def written(self, at: datetime, zone: str, form: str = LIST) -> str:
        """`at` in its zone, which is named when the title does not."""
        local = at.astimezone(ZoneInfo(zone)).strftime(form)
        return local if self._only else f"{local} {zone_name(at, zone)}"


def soon(language: Language, at: datetime, zone: str, now: datetime) -> str:
    """`at` without its date when that is today's in `zone`: ``03:15:00 JST``."""
    there = ZoneInfo(zone)
    written = moment(language, at, zone)
    if at.astimezone(there).date() == now.astimezone(there).date():
        return " ".join(written.rsplit(" ", 2)[1:])
    return written


def rough(language: Language, left: timedelta) -> str:
    """Return a length of time for a list: whole minutes from one minute on."""
    seconds = abs(left.total_seconds())
    return duration(language, seconds // 60 * 60 if seconds >= 60 else seconds)


def due(terminal: Terminal, at: datetime, now: datetime) -> str:
    """Return how soon: ``in 14 min``, or how late: ``4 min late``."""
    left = at - now
    key = "due.in" if left >= timedelta() else "due.late"
    return terminal.say(key, duration=rough(terminal.language, left))
