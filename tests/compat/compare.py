"""
How an end is compared with the one that is expected: whole, but for what newer code adds.

Added may be: a field, a collection, a type of event, a subscription of a new consumer with its
receipts. Anything that is gone or has changed is a difference, and so is one document, event, call
or object more of a kind that was there before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any


@dataclass(frozen=True)
class Known:
    """What the release before knows, so that what is new can be told from what is too much."""

    maps: frozenset[str]
    """Names of fields whose keys are no fields (labels, counts by name, …)."""
    types: frozenset[str]
    """Types of events."""
    subscriptions: frozenset[str]
    """``<topic>--<function>``."""


def compare(expected: dict[str, Any], found: dict[str, Any], known: Known) -> list[str]:
    """Where one end (`tests.compat.go_on.end`) differs from another, in words."""
    found = found | {
        "events": _known_events(expected["events"], found["events"], known),
        "receipts": _known_receipts(expected["receipts"], found, known),
    }
    said = []
    for section, wanted in expected.items():
        said += differences(wanted, found[section], known.maps, section, exact=True)
    return said


def _known_events(expected: dict[str, Any], found: dict[str, Any], known: Known) -> dict[str, Any]:
    """Without events of new types and new subscribers."""
    return {
        id: event | {"to": {name: {} for name in event["to"] if name in known.subscriptions}}
        for id, event in found.items()
        if id in expected or event["attributes"]["ce-type"] in known.types
    }


def _known_receipts(
    expected: dict[str, Any], found: dict[str, Any], known: Known
) -> dict[str, Any]:
    """Without those of new subscribers."""
    added = {
        f"{subscription.partition('--')[2]} {id}"
        for id, event in found["events"].items()
        for subscription in event["to"]
        if subscription not in known.subscriptions
    }
    return {name: {} for name in found["receipts"] if name in expected or name not in added}


class _Page(HTMLParser):
    """What a browser makes of a page: tags with their attributes, and words."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(f"<{tag} {sorted(attrs)}>")

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self.parts and not self.parts[-1].startswith("<"):
            data = self.parts.pop() + data
        self.parts.append(" ".join(data.split()))


def page_of(html: str) -> list[str]:
    """A page without what makes no difference to who reads it: white space, ways to escape."""
    page = _Page()
    page.feed(html)
    page.close()
    return [part for part in page.parts if part]


def differences(
    expected: Any, found: Any, maps: frozenset[str], path: str = "", *, exact: bool = False
) -> list[str]:
    """
    Where `found` is not as `expected`, in words.

    A key more is a field that was added; `exact`, and in the `maps`, it is one too many.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        said = [f"{path}/{key}: is gone" for key in expected.keys() - found.keys()]
        if exact:
            said += [f"{path}/{key}: should not be" for key in found.keys() - expected.keys()]
        for key in expected.keys() & found.keys():
            inner = f"{path}/{key}"
            exact_below = key in maps or (key == "to" and path.startswith("events/"))
            said += differences(expected[key], found[key], maps, inner, exact=exact_below)
        return sorted(said)
    if path.startswith("mails/") and path.endswith("/html"):
        expected, found = page_of(str(expected)), page_of(str(found))
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            word
            for number, (a, b) in enumerate(zip(expected, found, strict=True))
            for word in differences(a, b, maps, f"{path}/{number}")
        ]
    if expected == found and type(expected) is type(found):
        return []
    return [f"{path}: {_short(found)} instead of {_short(expected)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
