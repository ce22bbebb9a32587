"""
Taking up edited profiles in a runtime: all of them, if none has an error, else nothing.

Whoever edits sees in the terminal what has changed, or what is wrong and where; what was last
taken up stays in force until that is mended. A file that is gone ends nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from toban.kernel import log
from toban.local.dev.texts import text
from toban.local.dev.watched import WatchedProfiles
from toban.ports import PortError, Secrets
from toban.profile.profile import Profile
from toban.profile.store import ProfileChange
from toban.sections.durations import as_written
from toban.sections.files import read_directory
from toban.sections.secrets import unset_names
from toban.strictyaml.findings import Finding
from toban.texts import Language

LOOK_S = 0.5
"""Seconds between two looks; two that see the same are needed."""
MOST_FIELDS = 12
"""Changed fields of a service that are told one by one."""

TakeUp: TypeAlias = Callable[[Collection[Profile]], Sequence[ProfileChange]]


class Teller:
    """What whoever edits profiles is told: on the terminal in their language, and in the log."""

    def __init__(self, language: Language, secrets: Secrets, *, quiet: bool = False) -> None:
        """`secrets`: which of those that profiles name have a value. `quiet`: log only."""
        self._language: Language = language
        self._secrets = secrets
        self._quiet = quiet

    def taken(self, changes: Sequence[ProfileChange]) -> None:
        """Tell what was taken up: each service that has changed, with its fields."""
        for change in changes:
            if change.what not in ("new", "changed"):
                continue
            log.info("profile taken up", service=change.service, version=change.version)
            self._say(f"edits.{change.what}", service=change.service, version=change.version)
            for field in change.fields[:MOST_FIELDS]:
                old, new = (self._value(field.path, value) for value in (field.old, field.new))
                self._say("edits.field", path=field.path, old=old, new=new)
            if len(change.fields) > MOST_FIELDS:
                self._say("edits.more", n=len(change.fields) - MOST_FIELDS)

    def refused(self, findings: Sequence[Finding], key: str = "edits.refused") -> None:
        """Tell what is wrong, and (by the text of `key`) what that means."""
        log.info("profiles have errors", errors=[finding.render() for finding in findings])
        self._say(key, n=len(findings))
        for finding in findings:
            self._print(f"  {finding.render(self._language)}")

    def gone(self, services: Iterable[str]) -> None:
        """Tell of services whose file is gone."""
        for service in services:
            log.info("profile has no file any more: it stays in force", service=service)
            self._say("edits.gone", service=service)

    def mended(self) -> None:
        """Tell that what was refused is as it was before again."""
        log.info("profiles as before")
        self._say("edits.mended")

    def missing(self, profiles: Iterable[Profile], known: Collection[str]) -> set[str]:
        """Tell which secrets that profiles name have no value, but `known`; return them all."""
        unset = unset_names(profiles, self._secrets)
        new = sorted(unset - set(known))
        if new:
            names = ", ".join(f"TOBAN_SECRET_{name}" for name in new)
            log.info("secrets not set", secrets=names)
            self._say("edits.unset", n=len(new), names=names)
        return unset

    def settings(self, path: Path) -> None:
        """Tell that secrets or settings were edited."""
        log.info("settings edited: they are read at the next start", file=str(path))
        self._say("edits.settings", path=path)

    def failed(self, error: Exception) -> None:
        """Tell that the store did not take it; it is tried again."""
        log.warning("profiles not taken up: tried again", error=error, stack=False)

    def _value(self, path: str, value: Any) -> str:
        if value is None:
            return text(self._language, "edits.nothing")
        return as_written(path, value)

    def _say(self, key: str, **values: object) -> None:
        self._print(text(self._language, key, **values))

    def _print(self, line: str) -> None:
        if not self._quiet:
            with contextlib.suppress(OSError, ValueError):  # the terminal is gone; the log has it
                print(log.mask(line), file=sys.stderr, flush=True)


class EditedProfiles:
    """Looks at the files of profiles, and has taken up what they say now."""

    def __init__(
        self,
        watched: WatchedProfiles,
        take_up: TakeUp,
        began: Sequence[ProfileChange],
        unset: Collection[str],
        teller: Teller,
    ) -> None:
        """`began`, `unset`: what was said when the runtime began."""
        self._watched = watched
        self._take_up = take_up
        self._teller = teller
        self._gone = {change.service for change in began if change.what == "no-file"}
        self._unset = set(unset)
        self._refused: list[Finding] = []

    def begin(self) -> None:
        """Say what is wrong with what the runtime began with: it took what could be read."""
        _, findings = read_directory(self._watched.directory)
        self._refused = [finding for finding in findings if finding.severity == "error"]
        if self._refused:
            self._teller.refused(self._refused, "edits.flawed")

    def look(self) -> None:
        """Take up what has changed since the last look, and rests; or say what is wrong with it."""
        if not self._watched.changed():
            return
        profiles, findings = read_directory(self._watched.directory)
        errors = [finding for finding in findings if finding.severity == "error"]
        if errors:
            self._watched.take()
            if errors != self._refused:
                self._teller.refused(errors)
            self._refused = errors
            return
        try:
            changes = self._take_up(profiles.values())
        except PortError as error:
            self._teller.failed(error)
            return
        self._watched.take()
        self._tell(changes, profiles.values())

    def _tell(self, changes: Sequence[ProfileChange], profiles: Collection[Profile]) -> None:
        was_refused, self._refused = bool(self._refused), []
        if was_refused and not any(change.what in ("new", "changed") for change in changes):
            self._teller.mended()
        self._teller.taken(changes)
        gone = {change.service for change in changes if change.what == "no-file"}
        self._teller.gone(sorted(gone - self._gone))
        self._gone = gone
        self._unset = self._teller.missing(profiles, self._unset)


class EditedSettings:
    """Looks at the file of secrets and settings: what it says now is taken up at the next start."""

    def __init__(self, path: Path, teller: Teller) -> None:
        """It was read just before."""
        self._path = path
        self._teller = teller
        self._seen = self._now()

    def begin(self) -> None:
        """The first look."""
        self.look()

    def look(self) -> None:
        """Tell of an edit, once."""
        now = self._now()
        if now != self._seen:
            self._seen = now
            self._teller.settings(self._path)

    def _now(self) -> str | None:
        try:
            return hashlib.sha256(self._path.read_bytes()).hexdigest()
        except OSError:
            return None


@contextlib.contextmanager
def following(edited: EditedProfiles | EditedSettings) -> Iterator[None]:
    """Look at the files in a thread of its own, inside."""
    ends = threading.Event()

    def run() -> None:
        look = edited.begin
        while True:
            try:
                look()
            except Exception as error:  # noqa: BLE001  the next edit is to be seen all the same
                log.error("look at profiles failed", error=error)
            if ends.wait(LOOK_S):
                return
            look = edited.look

    thread = threading.Thread(target=run, name="toban-edits", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
