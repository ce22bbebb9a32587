"""
Splitting a grown incident: what its document cannot hold goes into segments.

A document holds 1 MiB at most. The beginning and the end of the timeline and the newest pages stay;
the middle is collected and split off, in the commit that made it too large. Only code that shows
the whole timeline reads the segments (`Incident.whole`); decisions need none.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from toban.events import Page
from toban.incidents.documents import Incident, IncidentSegment, TimelineEntry
from toban.kernel.work import Work

MAX_TIMELINE = 500
MAX_TIMELINE_BYTES = 400_000
"""Of the timeline in the incident's own document. The middle is taken out beyond."""

OVERFLOW: Final = 100
OVERFLOW_BYTES: Final = 100_000
"""What was taken out waits in the document for so much, so that hardly any line costs a write."""

MAX_PAGES: Final = 200
KEPT_PAGES: Final = 100
"""Pages that stay when there are more; more than an acknowledgement or a closing tells of."""
PAGES_IN_SEGMENT: Final = 1_000

LATEST_PAGES = 40
"""
The newest pages, which an acknowledgement or a closing tells of, so that the message stays below
64 KB however often an incident called people.
"""

EARLIER_PAGES = 30
"""Earlier pages, each the newest of its kind: whoever was called once hears of the end."""


def add_line(incident: Incident, entry: TimelineEntry, work: Work) -> None:
    """Add a line to the timeline, and split off what is too much."""
    timeline = [*incident.timeline, entry]
    overflow = list(incident.overflow)
    size = _size(timeline)
    while len(timeline) > MAX_TIMELINE or size > MAX_TIMELINE_BYTES:
        incident.kept_first = incident.kept_first or _first_lines(timeline)
        if incident.kept_first >= len(timeline) - 1:
            break  # the newest stays, whatever its size
        overflow.append(timeline.pop(incident.kept_first))
        size -= _size(overflow[-1])
    incident.timeline = timeline
    if len(overflow) >= OVERFLOW or _size(overflow) >= OVERFLOW_BYTES:
        _split_off(incident, work, timeline=overflow)
        overflow = []
    incident.overflow = overflow


def _size(lines: list[TimelineEntry] | TimelineEntry) -> int:
    return len(msgspec.json.encode(lines))


def _first_lines(timeline: list[TimelineEntry]) -> int:
    """How many lines of the beginning stay: half of what the document holds."""
    count = size = 0
    for line in timeline[: MAX_TIMELINE // 2]:
        size += _size(line)
        if size > MAX_TIMELINE_BYTES // 2:
            break
        count += 1
    return max(count, 1)


def add_page(incident: Incident, page: Page, work: Work) -> None:
    """Add a page, and split off the oldest if there are too many."""
    pages = [*incident.pages, page]
    if len(pages) > MAX_PAGES:
        old, pages = pages[:-KEPT_PAGES], pages[-KEPT_PAGES:]
        incident.earlier_pages = _of_each_kind([*incident.earlier_pages, *old])
        kept = dict(incident.unreached)
        for start in range(0, len(old), PAGES_IN_SEGMENT):
            part = old[start : start + PAGES_IN_SEGMENT]
            numbers = [str(page.number) for page in part]
            unreached = {number: kept.pop(number) for number in numbers if number in kept}
            _split_off(incident, work, pages=part, unreached=unreached)
        incident.unreached = kept
    incident.pages = pages


def next_page(incident: Incident) -> int:
    """Return the number of the next page; pages of all segments are counted through."""
    return incident.pages[-1].number + 1 if incident.pages else 0


def latest_pages(incident: Incident) -> list[Page]:
    """
    Return the pages that an acknowledgement or a closing names: enough to find everybody
    called.

    Pages of one step and reason call the same people until a shift ends, a week at most.
    """
    earlier = _newest([*incident.earlier_pages, *incident.pages[:-LATEST_PAGES]])
    return [*earlier[-EARLIER_PAGES:], *incident.pages[-LATEST_PAGES:]]


def _newest(pages: list[Page]) -> list[Page]:
    """The newest page of each kind, by number."""
    by_kind = {
        (page.step, page.severity_label, page.reason, page.to, page.at.isocalendar()[:2]): page
        for page in pages
    }
    return sorted(by_kind.values(), key=lambda page: page.number)


def _of_each_kind(pages: list[Page]) -> list[Page]:
    """What decisions need of pages that are split off: who was called, and when people last were."""
    newest = _newest(pages)
    last_call = next((page for page in reversed(newest) if not page.to), None)
    kept = newest[-EARLIER_PAGES:]
    return kept if last_call is None or last_call in kept else [last_call, *kept]


def _split_off(incident: Incident, work: Work, **content: Any) -> None:
    incident.segments += 1
    work.create(
        IncidentSegment(
            id=incident.segment_ids()[-1],
            incident=incident.id,
            number=incident.segments - 1,
            at=work.now,
            **content,
        )
    )
