"""
How an end is compared with the one that is expected: whole, but for what newer code adds.

Added may be: a field, a collection, a schedule, a type of event, a subscription of a new consumer with
its receipts. Anything that is gone or has changed is a difference, and so is one document, event, call
or object more of a kind that was there before.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

_LINK = re.compile(r"/a\?c=([\w-]+)&(?:amp;)?s=[\w-]+")
_SAID = ("incident", "action", "actor", "generation", "iat", "exp", "lang")
"""What a link says."""
_BESIDE_BLOCKS = re.compile(
    r" ?(</?(?:html|head|meta|title|body|table|tbody|tr|td|div|p|h[1-6]|ul|li|br)\b[^>]*>) ?"
)


@dataclass(frozen=True)
class Known:
    """What the release before knows, so that what is new can be told from what is too much."""

    maps: frozenset[str]
    """Names of fields whose keys are no fields (labels, counts by name, …)."""
    types: frozenset[str]
    """Types of events."""
    subscriptions: frozenset[str]
    """``<topic>--<function>``."""


def compare(
    expected: dict[str, Any], found: dict[str, Any], known: Known, renamed: Iterable[str] = ()
) -> list[str]:
    """
    Where one end (`tests.compat.go_on.end`) differs from another, in words.

    `renamed`: events whose id, and the ids of all that follow from them, may have become others.
    """
    expected, found = _without_names(expected), _without_names(found)
    found = _as_before(expected, found, frozenset(renamed), known)
    found = found | {
        "documents": _known_documents(expected["documents"], found["documents"]),
        "events": _known_events(expected["events"], found["events"], known),
        "receipts": _known_receipts(expected["receipts"], found, known),
    }
    said = []
    for section, wanted in expected.items():
        said += differences(wanted, found[section], known.maps, section, exact=True)
    return said


def _without_names(end: dict[str, Any]) -> dict[str, Any]:
    """Signed links as what they say: their names and signatures follow from the rest."""

    def said(link: re.Match[str]) -> str:
        payload = json.loads(base64.urlsafe_b64decode(link[1] + "=" * (-len(link[1]) % 4)))
        # One that others can read acted as the channel itself.
        if "actor" in payload:
            payload["actor"] = payload["actor"].removeprefix("somebody in ")
        return "/a?" + " ".join(f"{name}={payload.get(name)}" for name in _SAID)

    sections = ("mails", "calls")
    return end | {name: _texts(end[name], lambda text: _LINK.sub(said, text)) for name in sections}


def _texts(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    if isinstance(value, dict):
        return {name: _texts(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _as_before(
    expected: dict[str, Any], found: dict[str, Any], renamed: frozenset[str], known: Known
) -> dict[str, Any]:
    """`found`, with events named as their equals in the chains that `renamed` began."""
    text = json.dumps(found, ensure_ascii=False)
    new = {id: e for id, e in found["events"].items() if id not in expected["events"]}
    for id, event in expected["events"].items():
        if id not in found["events"] and event["attributes"].get("ce-correlationid") in renamed:
            same = (n for n, other in new.items() if _says_the_same(event, other, known))
            if name := next(same, ""):
                del new[name]
                text = text.replace(name, id)
    as_before: dict[str, Any] = json.loads(text)
    return as_before


def _says_the_same(event: dict[str, Any], other: dict[str, Any], known: Known) -> bool:
    names = ("ce-type", "ce-source", "ce-subject", "ce-time")
    return not differences(event["body"], other["body"], known.maps) and all(
        event["attributes"].get(name) == other["attributes"].get(name) for name in names
    )


def _known_documents(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Without notes about new schedules."""
    return {n: d for n, d in found.items() if n in expected or not n.startswith("schedules/")}


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
        self.parts.append(data)


def page_of(html: str) -> str:
    """A page without what makes no difference to who reads it: ways to escape, layout of blocks."""
    page = _Page()
    page.feed(html)
    page.close()
    return _BESIDE_BLOCKS.sub(r"\1", " ".join("".join(page.parts).split()))


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
        expected, found = page_of(expected), page_of(found)
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            word
            for number, (a, b) in enumerate(zip(expected, found, strict=True))
            for word in differences(a, b, maps, f"{path}/{number}")
        ]
    if expected == found and type(expected) is type(found):
        return []
    if isinstance(expected, str) and isinstance(found, str):
        pairs = enumerate(zip(expected, found, strict=False))
        begin = max(0, next((at for at, (a, b) in pairs if a != b), 0) - 20)
        expected, found = expected[begin:], found[begin:]
    return [f"{path}: {_short(found)} instead of {_short(expected)}"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
