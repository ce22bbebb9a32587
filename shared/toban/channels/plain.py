"""Making any text safe to show: on one line, cut, without control characters."""

from __future__ import annotations

from urllib.parse import quote

MAX_TITLE = 200


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last being ``…`` when something was left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def one_line(value: str, limit: int = MAX_TITLE) -> str:
    """Return `value` on one line, without control characters, at most `limit` characters."""
    printable = "".join(c if c.isprintable() else " " for c in value)
    return cut(" ".join(printable.split()), limit)


def lines(value: str, limit: int) -> str:
    """Return `value` with its line breaks and without other control characters."""
    found = ("".join(c if c.isprintable() else " " for c in line) for line in value.splitlines())
    return cut("\n".join(line.rstrip() for line in found).strip(), limit)


def address(url: str) -> str:
    """Return `url` with every illegal character percent-encoded; empty unless http(s)."""
    if not url.startswith(("https://", "http://")):
        return ""
    return quote(url, safe="%/:=?#&~@!$'()*+,;[]-._")
