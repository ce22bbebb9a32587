"""
Occurrences: what a report says of the outage that is known. Pure.

An occurrence is an interval, and its start alone does not name it. Clustered Alertmanagers merge
overlapping occurrences to the earliest start (``Alert.Merge``), two Prometheus report one outage
with two starts, and a restarted one begins anew. So:

- a firing report with an older start moves the start back,
- a resolution ends what is known if it ended at or after the newest start heard of,
- a sender that tells the present at each post (`AlertReport.current`) is believed in the order in
  which its posts came in, whatever their times say.

Times that cannot have passed are taken for now, the sender's (its clock is ahead) as well as
those that we stored (ours was): the future would make everything after it old news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.events import AlertReport, AlertResolved
from toban.incidents.documents import Alert
from toban.kernel.work import Work

MAX_AHEAD = timedelta(minutes=3)
"""How far clocks may be apart."""

OVERTAKEN = timedelta(seconds=10)
"""A report handled so much later than it came in may have been overtaken, or overtake another."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says, with times that can be right."""

    start: datetime
    end: datetime | None
    """None: it fires."""
    end_given: bool
    """The sender itself names the end."""
    dated: bool
    current: bool
    heard: datetime
    """When it came in."""
    now: datetime

    @property
    def late(self) -> bool:
        """Whether other reports may have been handled in between, in any order."""
        return self.now - self.heard > OVERTAKEN


def read(report: AlertReport, work: Work) -> Said:
    """What the report says, as of `work`."""
    heard = min(work.event.time, work.now)
    start = possible(report.starts_at, heard)
    end = None
    if isinstance(report, AlertResolved):
        if report.ends_at is not None:
            end = possible(report.ends_at, heard)
        else:  # a report without any time of its own carries that of its receipt
            end = heard if report.dated else start
    return Said(
        start=start,
        end=end,
        end_given=report.ends_at is not None,
        dated=report.dated,
        current=report.current,
        heard=heard,
        now=work.now,
    )


def possible(at: datetime, now: datetime) -> datetime:
    """`at`, or `now` when it lies further ahead than clocks may be apart."""
    return at if at <= now + MAX_AHEAD else now


def newest_start(alert: Alert, now: datetime) -> datetime:
    """The latest beginning that was reported of the alert's occurrence."""
    return possible(alert.newest_start or alert.starts_at, now)


def is_overtaken(alert: Alert, said: Said) -> bool:
    """Whether a later post of a sender that tells the present was followed already."""
    return said.current and not _is_later(alert, said, or_equal=True)


def is_over(alert: Alert, said: Said) -> bool:
    """Whether a resolution ends the firing alert; if not, it speaks of an older occurrence."""
    newest = newest_start(alert, said.now)
    if said.end is not None and said.end_given:
        return said.end >= newest
    return said.start >= newest


def is_new(alert: Alert, said: Said) -> bool:
    """Whether a firing report begins a new occurrence of an alert that does not fire."""
    over = None if alert.ends_at is None else possible(alert.ends_at, said.now)
    if said.start > newest_start(alert, said.now):
        if over is None or said.start > over:
            return True
        # It began before the end that we know of. An undated one was sent before that end.
        return said.dated and _is_later(alert, said, or_equal=True)
    # A repetition, or late news of what is over; unless that is what is so now: after one of
    # two merged senders has resolved it, the other one's outage keeps the merged start.
    return said.current and alert.status == "resolved" and _is_later(alert, said)


def is_news(alert: Alert, said: Said) -> bool:
    """Whether a resolution says something new of an alert that does not fire."""
    if alert.ends_at is None or said.end is None:
        return True
    return said.end > possible(alert.ends_at, said.now) or (
        said.start > newest_start(alert, said.now)
    )


def _is_later(alert: Alert, said: Said, *, or_equal: bool = False) -> bool:
    """Whether `said` came in after what the alert's state follows from."""
    if alert.heard_at is None:
        return True
    heard = possible(alert.heard_at, said.now)
    return said.heard > heard or (or_equal and said.heard == heard)
