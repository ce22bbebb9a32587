"""
What this code does besides what the release before did, taken out of an end again, by rule.

- Whoever was called is told who has it: an acknowledgement to a person, by each channel that called
  them; a closing names it, too, so that a late one undoes nothing.
- A target that was missed is a line on the timeline.
- Links are called by what they do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

WORDS = (
    ("対応を引き受ける（ACK）", "確認する"),
    ("解決済みにする", "解決にする"),
)
"""What is said now, and what was said for it."""


def without_what_is_new(expected: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the end without it; what the release before would have done stays as it is."""
    told = {
        name.removeprefix("notifications/")
        for name, document in found["documents"].items()
        if name.startswith("notifications/") and _tells_a_person(document)
    }
    known = {name.removeprefix("notifications/") for name in expected["documents"]}
    end = dict(found)
    end["documents"] = {
        name: _without_missed_targets(document)
        for name, document in found["documents"].items()
        if name in expected["documents"] or not _is_told_or_spared(name, document, told)
    }
    events = {
        id: event
        for id, event in found["events"].items()
        if not (isinstance(event["body"], dict) and _tells_a_person(event["body"]))
    }
    end["events"] = {id: _as_before(event, events, known) for id, event in events.items()}
    end["calls"] = {
        name: call
        for name, call in found["calls"].items()
        if call.get("Idempotency-Key") not in told
    }
    end["mails"] = {
        name: mail
        for name, mail in found["mails"].items()
        if name.strip("<").partition("@")[0] not in told
    }
    text = json.dumps(end, ensure_ascii=False)
    for now, before in WORDS:
        text = text.replace(now, before)
    again: dict[str, Any] = json.loads(text)
    return again


def _tells_a_person(said: Mapping[str, Any]) -> bool:
    """Whether it is an acknowledgement to a person, as a record or as what is asked for."""
    return said.get("kind") == "acknowledged" and str(said.get("target")).startswith("person:")


def _is_told_or_spared(name: str, document: Mapping[str, Any], told: set[str]) -> bool:
    collection, _, id = name.partition("/")
    return collection == "notifications" and (id in told or document["state"] == "void")


def _without_missed_targets(document: Any) -> Any:
    if "timeline" not in document:
        return document
    lines = [line for line in document["timeline"] if line["kind"] != "response-overdue"]
    return {**document, "timeline": lines}


def _as_before(event: Any, events: Mapping[str, Any], known: set[str]) -> Any:
    """A request that names only what there was: what a closing closes, whom a message counts."""
    body = event["body"]
    if not isinstance(body, dict) or "closes" not in body:
        return event
    body = {**body, "closes": [name for name in body["closes"] if name in known], "follows": []}
    if body["kind"] == "acknowledged":
        cause = event["attributes"]["ce-causationid"]
        causes = [each["attributes"].get("ce-causationid") for each in events.values()]
        body["contacts"] = causes.count(cause)
    return {**event, "body": body}
