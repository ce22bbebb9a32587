"""
Which packages are infrastructure, and what each may import. Every other package is a domain.

The one list from which the guards of `tests/house` derive: a new package below ``toban`` needs no
entry, is a domain, and is held to what a domain may do.
"""

from __future__ import annotations

from collections.abc import Mapping

DOMAIN = "(domain)"
"""Stands for every package that has no row of its own."""

KINDS = "(kinds)"
"""Stands for what kinds of channels and sources say of themselves, in the folders of their adapters."""

SAYING: Mapping[str, frozenset[str]] = {
    "channels": frozenset(
        {
            "base",
            "section",
            "kind",
            "message",
            "blocks",
            "notice",
            "plain",
            "address",
            "texts",
            "check",
            "needs",
        }
    ),
    "sources": frozenset({"base", "kind", "naming", "texts"}),
}
"""Package → the modules of it (and of its folders) that are `KINDS`; the rest are adapters."""

_PURE = ("ports", "texts", "kernel", "events", "strictyaml", "profile")
_EDGE = ("adapters", "channels", "sources")

MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "ports": frozenset(),
    "texts": frozenset(),
    "kernel": frozenset({"ports", "texts"}),
    "events": frozenset({"ports", "kernel"}),
    "strictyaml": frozenset({"ports", "texts", "kernel"}),
    "profile": frozenset({"ports", "texts", "kernel", "events", "strictyaml"}),
    # What a domain may import of another domain says `tests/house/neighbours.py`.
    DOMAIN: frozenset({*_PURE, DOMAIN, KINDS}),
    KINDS: frozenset({*_PURE, KINDS}),
    "adapters": frozenset({"ports", "kernel"}),
    "channels": frozenset({"ports", "kernel", "events", "profile", "adapters", KINDS}),
    "sources": frozenset({"ports", "kernel", "events", "profile", "adapters", KINDS}),
    "entry": frozenset({*_PURE, *_EDGE}),
    "sections": frozenset({*_PURE, DOMAIN, KINDS}),
    "topology": frozenset({*_PURE, DOMAIN, KINDS, "sections"}),
    "local": frozenset({*_PURE, *_EDGE, DOMAIN, KINDS, "sections", "entry", "topology"}),
    "testing": frozenset({*_PURE, *_EDGE, DOMAIN, KINDS, "sections", "entry", "topology", "local"}),
    "cli": frozenset(
        {*_PURE, *_EDGE, DOMAIN, KINDS, "sections", "entry", "topology", "testing", "local"}
    ),
}
"""Package (or module) below ``toban`` → what it may import beside itself."""

MAIN_MAY_IMPORT = frozenset({*_PURE, DOMAIN, "entry"})
"""What a function's ``main.py`` may import: it names a use case, the entry binds it to a world."""

PURE = frozenset({*_PURE, DOMAIN, KINDS})
"""Here decisions are made: no I/O, no framework, and no library but these."""

PURE_LIBRARIES = frozenset({"cryptography", "google_crc32c", "msgspec", "zstandard"})
LIBRARIES_OF: Mapping[str, frozenset[str]] = {
    "kernel": frozenset({"cronsim", "jinja2"}),
    "strictyaml": frozenset({"yaml"}),
}
"""What one pure package may import besides."""


def is_domain(package: str) -> bool:
    """Return whether a package right below ``toban`` is a domain."""
    return package not in MAY_IMPORT


def kind(module: str) -> str:
    """Return the row of `MAY_IMPORT` that holds for a module (``toban.channels.slack.kind``)."""
    _, package, *rest = f"{module}.".split(".")
    if rest[-2:-1] and rest[-2] in SAYING.get(package, ()):
        return KINDS
    return DOMAIN if is_domain(package) else package
