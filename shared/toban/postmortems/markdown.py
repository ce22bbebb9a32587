"""
Text from anywhere as Markdown text: it shows as it is and can make no structure.

CommonMark lets every ASCII punctuation character be escaped by a backslash
(https://spec.commonmark.org/0.31.2/#backslash-escapes).
"""

from __future__ import annotations

import re

from toban.postmortems.timeline import plain

_ANYWHERE = re.compile(r"([\\`*_\[\]<>|~#&!$])")
_AT_START = re.compile(r"^([-+=:])")
_NUMBERED = re.compile(r"^(\d+)([.)])")
_WEB = re.compile(r"https?://[^\s<>\"'\\`|]+", re.ASCII)

MOST = 500
"""Characters of a value that are kept."""


def escaped(value: str) -> str:
    """Return `value` on one line, shortened, with everything escaped that Markdown would interpret."""
    line = plain(value)
    if len(line) > MOST:
        line = line[: MOST - 1] + "…"
    line = _ANYWHERE.sub(r"\\\1", line)
    return _AT_START.sub(r"\\\1", _NUMBERED.sub(r"\1\\\2", line))


def link(title: str, url: str) -> str:
    """Return a link to a web address; any other address is shown as text."""
    if not _WEB.fullmatch(url) or len(url) > 2000:
        return f"{escaped(title)} ({escaped(url)})" if url else escaped(title)
    return f"[{escaped(title) or escaped(url)}](<{url}>)"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a table; cells are Markdown already (and on one line)."""
    return [
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
