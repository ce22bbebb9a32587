"""
Occurrences: what a report says of the outage that is known. Pure.

An occurrence is an interval, and its start alone does not name it. Clustered Alertmanagers merge
overlapping occurrences to the earliest start (``Alert.Merge``), two Prometheus report one outage
with two starts, and a restarted one begins anew. So:

- a firing report with an older start moves the start back,
- a resolution ends what is known if it ended at or after the newest start heard of,
- a sender that tells the present at each post (`AlertReport.current`) is believed in the order in
  which its posts came in, whatever their times say.

A sender's times that cannot have passed (its clock is ahead) are taken for now, and say nothing of
when the outage began; those that we stored (our clock was ahead) say nothing at all: the future
would make everything after it old news.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from toban.events import AlertReport, AlertResolved
from toban.incidents.documents import OWN_SOURCES, REPEATING_SOURCES, Alert
from toban.incidents.grouping.section import Grouping
from toban.kernel.clock.skew import not_ahead
from toban.kernel.work import Work

MAX_AHEAD = timedelta(minutes=3)
"""How far clocks may be apart."""

APART = timedelta(minutes=2)
"""How far apart two senders may see one outage begin: scrapes and evaluations, a minute each."""

OVERTAKEN = timedelta(seconds=10)
"""A report handled so much later than it came in may have been overtaken, or overtake another."""


@dataclass(frozen=True, slots=True)
class ReportedTimes:
    """The times of a report, corrected to what is possible."""

    start: datetime
    end: datetime | None
    """None: it fires."""
    end_given: bool
    """The sender itself names the end."""
    dated: bool
    """The sender tells when it began, and that can be so."""
    current: bool
    heard: datetime
    """When it came in."""
    now: datetime

    @property
    def late(self) -> bool:
        """Return whether other reports may have been handled in between, in any order."""
        return self.now - self.heard > OVERTAKEN


def read(report: AlertReport, work: Work) -> ReportedTimes:
    """Return the times of the report, as of `work`."""
    heard = min(work.event.time, work.now)
    start = possible(report.starts_at, heard)
    end = None
    if isinstance(report, AlertResolved):
        if report.ends_at is not None:
            end = possible(report.ends_at, heard)
        else:  # a report without any time of its own carries that of its receipt
            end = heard if report.dated else start
    return ReportedTimes(
        start=start,
        end=end,
        end_given=report.ends_at is not None,
        dated=report.dated and start == report.starts_at,
        current=report.current,
        heard=heard,
        now=work.now,
    )


def possible(at: datetime, now: datetime) -> datetime:
    """Return `at`, or `now` when `at` lies further ahead than clocks may differ."""
    return not_ahead(at, now, MAX_AHEAD) or now


def newest_start(alert: Alert, now: datetime) -> datetime:
    """Return the latest start that was reported of the alert's occurrence."""
    return possible(alert.newest_start or alert.starts_at, now)


def believed(stored: datetime | None, now: datetime) -> datetime | None:
    """Return a stored time; None when a clock that was ahead wrote it."""
    return not_ahead(stored, now, MAX_AHEAD)


def heard_of(alert: Alert, now: datetime) -> datetime | None:
    """Return when the alert was last heard of; None when a clock that was ahead wrote it."""
    if alert.source in OWN_SOURCES:
        return now
    return believed(alert.heard_at or alert.attached_at or alert.starts_at, now)


def grouping_of(alert: Alert, grouping: Grouping) -> Grouping:
    """Return what the profile says of alerts like this one: expiry is for senders that repeat."""
    return grouping.of_sender(repeats=alert.source in REPEATING_SOURCES)


def is_unheard(alert: Alert, now: datetime, grouping: Grouping) -> bool:
    """Return whether nothing was heard of the alert for so long that people are told."""
    heard = heard_of(alert, now)
    return heard is not None and now - heard >= grouping_of(alert, grouping).unheard_after


def is_overtaken(alert: Alert, said: ReportedTimes) -> bool:
    """Return whether a later post of a sender with `current` reports was handled already."""
    return said.current and not _is_later(alert, said, or_equal=True)


def is_over(alert: Alert, said: ReportedTimes) -> bool:
    """Return whether a resolution ends the firing alert; if not, it is of an older occurrence."""
    newest = believed(alert.newest_start or alert.starts_at, said.now)
    if newest is None or said.start >= newest:
        return True
    return said.end is not None and said.end_given and said.end >= newest


def is_anew(alert: Alert, said: ReportedTimes) -> bool:
    """
    Return whether a firing report begins a new occurrence of an alert that is still firing.

    The end of the former was not reported (yet). One that began hardly later is the same
    occurrence, as another sender saw it.
    """
    newest = believed(alert.newest_start or alert.starts_at, said.now)
    return newest is not None and said.dated and said.start > newest + APART


def is_new(alert: Alert, said: ReportedTimes) -> bool:
    """Return whether a firing report begins a new occurrence of an alert that is not firing."""
    if alert.expired_at is not None and _is_later(alert, said):
        return True  # nobody ever said that the former was over
    over = believed(alert.ends_at, said.now)
    newest = believed(alert.newest_start or alert.starts_at, said.now)
    if newest is None or said.start > newest:
        if over is None or said.start > over:
            return True
        # It began before the end that we know of. An undated one was sent before that end.
        return said.dated and _is_later(alert, said, or_equal=True)
    # A repetition, or late news of what is over; unless that is what is so now: after one of
    # two merged senders has resolved it, the other one's outage keeps the merged start.
    return said.current and alert.status == "resolved" and _is_later(alert, said)


def is_news(alert: Alert, said: ReportedTimes) -> bool:
    """Return whether a resolution has news for an alert that is not firing."""
    over = believed(alert.ends_at, said.now)
    newest = believed(alert.newest_start or alert.starts_at, said.now)
    if over is None or newest is None or said.end is None:
        return True
    return said.end > over or said.start > newest


def _is_later(alert: Alert, said: ReportedTimes, *, or_equal: bool = False) -> bool:
    """Whether `said` came in after what the alert's state follows from."""
    heard = believed(alert.heard_at, said.now)
    return heard is None or said.heard > heard or (or_equal and said.heard == heard)
