"""Patterns for names that are left out."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from toban.ports.backup import NothingSelected, Selection, TargetFailed


class Exclusion:
    """
    Patterns of excluded names, as in `fnmatch`, compared with case; ``*`` matches ``/`` as
    well.

    ``*.log`` matches the last segment of a name, ``tmp/*.log`` the whole name, and
    ``node_modules/`` everything below a directory of that name, at any depth.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._directories = [_compiled(p[:-1]) for p in self.patterns if p.endswith("/")]
        others = [p for p in self.patterns if not p.endswith("/")]
        self._whole = [_compiled(p) for p in others if "/" in p]
        self._last = [_compiled(p) for p in others if "/" not in p]

    def __call__(self, name: str) -> bool:
        """Whether `name` (segments with ``/``) is left out."""
        directory, _, last = name.rpartition("/")
        return (
            any(pattern.match(last) for pattern in self._last)
            or any(pattern.match(name) for pattern in self._whole)
            or bool(self._directories and directory and self._below(directory))
        )

    def _below(self, directory: str) -> bool:
        """Whether a directory is one that is left out, or below one."""
        segments = directory.split("/")
        return any(
            pattern.match("/".join(segments[start:end]))
            for pattern in self._directories
            for start in range(len(segments))
            for end in range(start + 1, len(segments) + 1)
        )


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def texts(options: object, what: str) -> tuple[str, ...]:
    """
    Return a list of texts of a profile (also one text with commas, as a command line gives it).

    Raises `ValueError`, naming `what` it is, for anything else.
    """
    if options is None:
        return ()
    if isinstance(options, str):
        return tuple(words(options))
    if isinstance(options, list | tuple) and all(isinstance(text, str) for text in options):
        return tuple(options)
    raise ValueError(f"{what} has to be a list of texts")


def flag(option: object) -> bool:
    """Return a yes or no of a profile or a command line."""
    return option is True or str(option).lower() in {"true", "yes", "1"}


def attempt_of(options: Mapping[str, object]) -> int:
    """Return which attempt of a restore a target is for (`toban.ports.backup.Target.prepare`)."""
    attempt = options.get("attempt")
    return attempt if isinstance(attempt, int) else 0


def is_wanted(name: str, only: Sequence[str]) -> bool:
    """Return whether `only` names it, or begins it (a word that ends with ``*`` or ``/``); empty: any."""
    return not only or any(
        name.startswith(word.removesuffix("*")) if word.endswith(("*", "/")) else name == word
        for word in only
    )


class Wanted:
    """Which of the names that come by are wanted (`only`, empty: all), and which words found nothing."""

    def __init__(self, only: Sequence[str], fits: Callable[[str, str], bool] | None = None) -> None:
        """`fits`: whether a name is what a word means; unset: as `is_wanted`."""
        self._fits = fits or (lambda name, word: is_wanted(name, [word]))
        self._only = tuple(only)
        self.comes: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.found: set[str] = set()
        """Words that a name has fitted."""

    def __call__(self, name: str, kind: str = "") -> bool:
        """Whether a name is wanted; it is counted under its kind."""
        fitting = [word for word in self._only if self._fits(name, word)]
        self.found.update(fitting)
        wanted = bool(fitting) or not self._only
        (self.comes if wanted else self.left_out)[kind] += 1
        return wanted

    def check(self) -> None:
        """Raise `NothingSelected` for a word that nothing has fitted."""
        missing = next((word for word in self._only if word not in self.found), None)
        if missing is not None:
            raise NothingSelected(missing)

    def selection(self) -> Selection:
        """Return what was counted; raises `NothingSelected`."""
        self.check()
        return Selection(dict(self.comes), dict(self.left_out))


def checked(wanted: Wanted) -> None:
    """Raise `TargetFailed` for a word that nothing has fitted, once everything was loaded."""
    try:
        wanted.check()
    except NothingSelected as error:
        raise TargetFailed(str(error), retryable=False) from error


def only_of(options: Mapping[str, object]) -> list[str]:
    """
    Return the words of the option ``only`` of a target; none where it is not given: everything.

    Raises `ValueError` where it is given and names nothing: a script's empty variable must not
    restore everything.
    """
    found = words(options.get("only"))
    if "only" in options and not found:
        raise ValueError("`only` names nothing; without it everything is restored")
    return found


def words(option: object) -> list[str]:
    """Return the words of an option, which commas separate."""
    return [word for each in str(option or "").split(",") if (word := each.strip())]
