"""What is inside a dump of PostgreSQL, counted as its SQL goes by."""

from __future__ import annotations

import re

END_MARK = b"-- PostgreSQL database dump complete"
"""The last comment of a dump in SQL; what follows are a few short lines at most."""

_TAIL = 4_096
_RESTRICT = re.compile(rb"^\\restrict (\S+)\n", re.MULTILINE)
_COPY_END = b"\n\\.\n"


class Contents:
    """Counts tables, rows and large objects in SQL that ``pg_dump`` or ``pg_restore`` wrote."""

    def __init__(self) -> None:
        self.tables = 0
        self.rows = 0
        self.large_objects = 0
        self._copying = False
        """Inside the rows of a ``COPY``, whose text begins with the line break before them."""
        self._naming = False
        """Inside a ``COPY`` whose names hold line breaks."""
        self._rest = b""

    def feed(self, block: bytes) -> None:
        """The next bytes, cut anywhere."""
        text, at = self._rest + block, 0
        while at < len(text):
            went = self._rows(text, at) if self._copying else self._statement(text, at)
            if went == at:
                break
            at = went
        self._rest = text[at:]

    def counts(self) -> dict[str, int]:
        """Return what was seen so far."""
        return {
            "tables": self.tables,
            "rows": self.rows,
            "large_objects": self.large_objects,
        }

    def _rows(self, text: bytes, at: int) -> int:
        end = text.find(_COPY_END, at)
        if end < 0:
            # The end may be cut: keep what could be its beginning. The break at `at` is counted.
            keep = max(at, len(text) - len(_COPY_END) + 1)
            self.rows += text.count(b"\n", at + 1, keep + 1)
            return keep
        self.rows += text.count(b"\n", at + 1, end + 1)
        self._copying = False
        return end + len(_COPY_END)

    def _statement(self, text: bytes, at: int) -> int:
        end = text.find(b"\n", at)
        if end < 0:
            return at
        if self._naming or text.startswith(b"COPY ", at):
            self._naming = not text.endswith(b" FROM stdin;", at, end)
            if not self._naming:
                self._copying = True
                self.tables += 1
                return end  # the rows begin with this line break
        elif text.startswith(b"SELECT pg_catalog.lo_open(", at):
            self.large_objects += 1
        return end + 1


class SqlText:
    """A dump in SQL: counted, and whole only with its end mark."""

    def __init__(self) -> None:
        self._contents = Contents()
        self._size = 0
        self._head = b""
        self._tail = b""

    def feed(self, block: bytes) -> None:
        """The next bytes."""
        self._size += len(block)
        self._head += block[: _TAIL - len(self._head)]
        self._tail = (self._tail + block)[-_TAIL:]
        self._contents.feed(block)

    def counts(self) -> dict[str, int]:
        """As `Contents.counts`, and the ``bytes``."""
        return {"bytes": self._size, **self._contents.counts()}

    def problem(self) -> str:
        """Return what is wrong with it; empty: nothing."""
        return problem(self._tail, self._head)


def problem(tail: bytes, head: bytes = b"") -> str:
    r"""
    Return what is wrong with a dump in SQL that begins and ends like this; empty: nothing.

    Since August 2025 ``pg_dump`` encloses its SQL in ``\restrict`` and ``\unrestrict``.
    """
    if not tail:
        return "the dump is empty"
    if END_MARK not in tail:
        return "the dump has no end mark (PostgreSQL database dump complete): it was cut off"
    opened = _RESTRICT.search(head)
    if opened and b"\n\\unrestrict " + opened.group(1) + b"\n" not in tail:
        return "the dump has no \\unrestrict at its end: it was cut off"
    return ""
