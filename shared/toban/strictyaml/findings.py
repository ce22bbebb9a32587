"""The findings of reading and checking a file, with their places."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from toban.strictyaml.texts import both
from toban.texts import Both, Language

Level = Literal["error", "warning", "info"]

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")
_LAST_PART = re.compile(r'(\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"]*"\]|^[A-Za-z_][\w-]*)$')


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One finding. `path` is the key path (``escalation[0].steps[1].notify[0]``), empty for the
    whole.

    An `error` must be repaired before the file can be used, a `warning` should be looked at,
    `info` needs no action. `line` and `column` count from 1; 0 where no place is known.
    """

    severity: Level
    code: str
    path: str
    message: Both
    file: str = ""
    line: int = 0
    column: int = 0

    def render(self, language: Language = "en") -> str:
        """Return one line for a terminal: ``file:line:column: severity: path: text [code]``."""
        places = [part for part in (self.file, self.line or "", self.column or "") if part]
        head = ":".join(str(part) for part in places)
        parts = [head, self.severity, self.path, f"{self.message.say(language)} [{self.code}]"]
        return ": ".join(part for part in parts if part)


class FileErrors(Exception):
    """Files cannot be read; `findings` holds everything that is wrong."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join(finding.render() for finding in self.findings))


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The place of each key path of one file: path → (line, column), both from 1."""

    file: str
    places: Mapping[str, tuple[int, int]]
    elsewhere: Mapping[str, SourceMap] = field(default_factory=dict)
    """Key paths that another file has, with all below them."""

    def of(self, path: str) -> SourceMap:
        """Return the file and place of a path: this file's, or that of the file that has it."""
        for begin, source in self.elsewhere.items():
            if path == begin or path.startswith((f"{begin}.", f"{begin}[")):
                return source
        return self

    def place(self, path: str) -> tuple[int, int]:
        """Return line and column of a path, or of the nearest path around it that its file has."""
        if (source := self.of(path)) is not self:
            return source.place(path)
        while path and path not in self.places:
            shorter = _LAST_PART.sub("", path)
            path = shorter if shorter != path else ""
        return self.places.get(path, (1, 1))

    def line(self, path: str) -> int:
        """Return the line of a path, or of the nearest path around it that the file has."""
        return self.place(path)[0]

    def locate(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Return the findings with file, line and column filled in."""
        for finding in findings:
            line, column = self.place(finding.path)
            yield replace(finding, file=self.of(finding.path).file, line=line, column=column)


def join(*parts: str | int) -> str:
    """
    Return a key path from its parts: ``join("channels", "ops", "to", 0)`` →
    ``channels.ops.to[0]``.
    """
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            shown = part.replace('"', "'").replace("\n", " ")
            path += f'["{shown}"]'
    return path


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` was probably meant to be; None when none is similar."""
    folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def meant(name: str) -> Both:
    """Return the end of a message about a name that is misspelled."""
    return both("finding.yaml.meant", name=name)


def did_you_mean(name: str, known: Iterable[str]) -> Both:
    """
    Return the end of a message about an unknown name.

    The most similar known name where there is one, else the list of what exists (at most
    twelve).
    """
    names = sorted(known)
    near = closest(name, names)
    if near is not None:
        return meant(near)
    if not names:
        return both("finding.yaml.none-defined")
    some = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return both("finding.yaml.known", names=some)
