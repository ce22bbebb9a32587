"""
Slack's Block Kit: plain text where Slack reads no markup, escaped text where it does.

In ``mrkdwn`` exactly ``&``, ``<`` and ``>`` have a meaning that input could abuse (mentions,
links): https://docs.slack.dev/messaging/formatting-message-text#escaping. ``plain_text`` is shown
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from toban.channels.plain import address, cut

Block = dict[str, Any]

MAX_TEXT = 2900
"""Slack takes 3,000 characters a text; very long messages have been seen posted twice."""


def escape(text: str) -> str:
    """Return `text` without characters that Slack interprets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(text: str, limit: int = MAX_TEXT) -> str:
    """Return `text` escaped and cut so that no entity is torn and the whole is within `limit`."""
    safe = escape(text)
    if len(safe) <= limit:
        return safe
    room, kept = limit - 1, list[str]()
    for character in text:
        piece = escape(character)
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def link(url: str, title: str) -> str:
    """Return a link in mrkdwn; only the title when the address is not one for a browser."""
    shown = escaped(title, 200)
    target = escape(address(url))
    return f"<{target}|{shown.replace('|', '¦')}>" if target else shown


def unescaped(text: str) -> str:
    """Return mrkdwn as people read it: links as ``title: address``, no entities."""
    shown = re.sub(r"<(https?://[^|>]*)\|([^>]*)>", r"\2: \1", text)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def in_words(blocks: Iterable[Mapping[str, Any]]) -> str:
    """Return blocks as plain text, a paragraph for each."""
    found = []
    for block in blocks:
        rows = [
            f"{label}: {value}"
            for field in block.get("fields", ())
            for label, _, value in [unescaped(field["text"]).removeprefix("*").partition("*\n")]
        ]
        texts = [*([block["text"]] if "text" in block else ()), *block.get("elements", ())]
        for text in texts:
            is_markup = text["type"] == "mrkdwn"
            said = unescaped(text["text"]).replace("  |  ", "\n") if is_markup else text["text"]
            rows.append(said)
        found.append("\n".join(rows))
    return "\n\n".join(found) + "\n"


def header(title: str) -> Block:
    """Return a headline (150 characters at most)."""
    return {"type": "header", "text": plain(title, 150)}


def plain(text: str, limit: int = MAX_TEXT) -> Block:
    """Return a text object that Slack does not interpret."""
    return {"type": "plain_text", "text": cut(text, limit) or " ", "emoji": False}


def markup(text: str) -> Block:
    """Return a text object with our own markup; text from outside must be escaped already."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: Block) -> Block:
    """Return a paragraph."""
    return {"type": "section", "text": text}


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return up to ten labelled values."""
    texts = [markup(f"*{escaped(label, 100)}*\n{escaped(value, 800)}") for label, value in pairs]
    return {"type": "section", "fields": texts[:10]}


def context(*texts: Block) -> Block:
    """Return small print."""
    return {"type": "context", "elements": list(texts)[:10]}
