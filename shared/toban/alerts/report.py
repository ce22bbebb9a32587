"""
From a sender's report to the event: limits and ids, and no credentials.

What a sender quotes (a command line, a connection string) may hold some. They end here: the report as
it was sent is kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from toban.alerts import text
from toban.events import AlertFired, AlertReport, AlertResolved, Link
from toban.kernel.event import Event, timestamp
from toban.kernel.ids import body_hash, derive
from toban.kernel.secrecy.masking import mask, mask_named

Status = Literal["firing", "resolved"]

MAX_BYTES = 60_000
"""Of an encoded body: a message stays under 64 KB with its attributes."""

REPEATED_AFTER = timedelta(minutes=10)
"""A sender tries again for less long; what comes after it is said anew."""

_PLAIN = re.compile(r"(?!__)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_encoder = msgspec.json.Encoder(order="deterministic")


class Labels:
    """
    Collected labels: the first to use a name keeps it.

    A later one is kept under its prefix, so nothing is lost when a resource and a metric have a
    label of the same name.
    """

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.dropped = 0
        """How many were beyond the limit."""

    def add(self, name: str, value: str, prefix: str = "") -> None:
        """Keep a label unless its name or value is empty, or there are too many."""
        key, content = text.line(name, text.LABEL_KEY), text.line(value, text.LABEL_VALUE)
        content = mask_named(name, content)
        if not key or not content or self.kept.get(key) == content:
            return
        if key in self.kept:
            key = text.cut(prefix + key, text.LABEL_KEY)
            if not prefix or key in self.kept:
                return
        if len(self.kept) >= text.LABELS:
            self.dropped += 1
            return
        self.kept[key] = content


class RawAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as its sender reports it, before limits."""

    source: str
    status: Status
    fingerprint: str
    rule: str
    title: str
    summary: str = ""
    severity: str = ""
    labels: dict[str, str]
    starts_at: datetime | None
    """None when the sender does not say."""
    ends_at: datetime | None = None
    value: str = ""
    threshold: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """(title, url)"""
    sender_id: str = ""
    """The sender's own id of this report, if it has one."""
    current: bool = False
    """See `AlertReport.current`."""


def fingerprint(raw: str) -> str:
    """
    Return `raw` if it is harmless in an id, a header and a path, else a hash of it.

    The sender's own fingerprint stays readable where it can.
    """
    return raw if _PLAIN.fullmatch(raw) and mask(raw) == raw else derive("fingerprint", raw)


def fingerprint_of_labels(labels: Iterable[tuple[str, str]], *more: str) -> str:
    """Return a hash of all labels in any order, and of `more`."""
    flat = [part for pair in sorted(labels) for part in pair]
    return derive("labels", *more, str(len(flat)), *flat)


def to_event(
    report: RawAlert, service: str, received_at: datetime, default_start: datetime
) -> Event:
    """
    Return the event of a report.

    Its id derives from what is reported and not from when it arrived: the same report again is
    the same event, a changed one (a new value, another annotation) is another. One that says
    after `REPEATED_AFTER` that it still fires is news: the alert is heard of. And where
    reports are `current`, the same content later is another event: the alert was over in
    between, and fires again with the start to which Alertmanager has merged it. `service` is
    the sender's hint, or empty; `default_start` replaces a start that the sender does not give
    (unless it gives an end).
    """
    starts_at = report.starts_at or report.ends_at or default_start
    kind: type[AlertReport] = AlertFired if report.status == "firing" else AlertResolved
    body = _fit(
        kind(
            source=report.source,
            fingerprint=fingerprint(report.fingerprint),
            rule=text.line(report.rule),
            title=text.line(report.title) or text.line(report.rule),
            summary=text.block(report.summary),
            severity=text.line(report.severity, text.LABEL_KEY),
            labels=report.labels,
            starts_at=starts_at,
            dated=report.starts_at is not None,
            current=report.current,
            ends_at=report.ends_at,
            value=text.line(report.value, text.LABEL_VALUE),
            threshold=text.line(report.threshold, text.LABEL_VALUE),
            links=_links(report.links),
        )
    )
    id_ = derive(
        "ingress",
        report.source,
        service,
        body.fingerprint,
        report.status,
        timestamp(starts_at),
        "" if report.ends_at is None else timestamp(report.ends_at),
        report.sender_id,
        body_hash(_hashed(body)),
        *([timestamp(received_at)] if report.current else _repetition(report, received_at)),
    )
    return Event.first(id_, f"/ingress/{report.source}", received_at, body)


def _repetition(report: RawAlert, received_at: datetime) -> list[str]:
    """Which repetition of a firing report it is, by time; none soon after its start."""
    if report.starts_at is None or report.status != "firing":
        return []
    number = max((received_at - report.starts_at) // REPEATED_AFTER, 0)
    return [str(number)] if number else []


def _hashed(body: AlertReport) -> bytes:
    """
    What an event's id derives from.

    Without a threshold that is not given, as before there were any: a report that is repeated across
    an upgrade stays the same event. (No text can hold these bytes: its quotes are escaped.)
    """
    return _encoder.encode(body).replace(b'"threshold":"",', b"", 1)


def _links(pairs: Iterable[tuple[str, str]]) -> list[Link]:
    found: dict[str, Link] = {}
    for title, address in pairs:
        address_ = text.url(address)
        if address_ and address_ not in found and len(found) < text.LINKS:
            found[address_] = Link(title=text.line(title, 100) or "Link", url=address_)
    return list(found.values())


def _fit(body: AlertReport) -> AlertReport:
    """`body` within `MAX_BYTES`: long labels in a script of 3 or 4 bytes a character can pass it."""
    if len(_encoder.encode(body)) <= MAX_BYTES:
        return body
    body = msgspec.structs.replace(
        body,
        summary=text.cut(body.summary, 1_000),
        links=body.links[:3],
        labels={name: text.cut(value, 100) for name, value in body.labels.items()},
    )
    while len(_encoder.encode(body)) > MAX_BYTES:
        # The first labels are the ones services are matched by; the last go first.
        kept = list(body.labels.items())[: len(body.labels) * 3 // 4]
        body = msgspec.structs.replace(body, labels=dict(kept))
    return body
