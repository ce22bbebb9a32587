"""The answers of whoever calls `toban init`: from flags, asked for on a terminal, or the defaults."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeVar

from toban.cli.init import answers, defaults
from toban.cli.init.answers import BadAnswer, NewPerson, NewService
from toban.cli.kit.terminal import Problem, Terminal
from toban.strictyaml.scalars import WrongValueError, parse_id, parse_zone

T = TypeVar("T")

_REFUSED = (BadAnswer, WrongValueError)


def service_of(asked: argparse.Namespace, terminal: Terminal) -> NewService:
    """
    Return the new service.

    What flags say is not asked for; `Problem` for a flag that cannot be taken, and where something
    would have to be asked for and nobody is there.
    """
    questions = _Questions(asked, terminal)
    folder = asked.directory.absolute().name
    name = questions.one(
        "name", asked.name, lambda: folder or answers.NO_NAME, answers.service_name
    )
    id_ = answers.id_from(name, folder)
    if asked.id is not None or not answers.is_spelled(name):
        id_ = questions.one("id", asked.id, lambda: id_, parse_id)
    zone = questions.one(
        "zone", asked.zone, lambda: defaults.zone_here(terminal.language), parse_zone
    )
    people = questions.people(asked.person, lambda: defaults.person_here(asked.directory))
    return NewService(id_, name, zone, tuple(people), terminal.language)


class _Questions:
    """Asks on a terminal, unless the defaults were asked for."""

    def __init__(self, asked: argparse.Namespace, terminal: Terminal) -> None:
        self._terminal = terminal
        self._defaults = asked.yes
        self._nobody = asked.json or not sys.stdin.isatty()

    def one(
        self, what: str, flag: str | None, default: Callable[[], str], read: Callable[[str], T]
    ) -> T:
        """One answer; what cannot be taken is said, and asked for again."""
        if flag is not None:
            return self._flag(what, flag, read)
        if self._defaults:
            return self._flag(what, default(), read)  # the flag that says better
        self._somebody(what)
        suggested = default()
        while True:
            word = self._line(f"{self._terminal.say(f'init.ask.{what}')} [{suggested}]: ")
            try:
                return read(word or suggested)
            except _REFUSED as bad:
                self._terminal.note(self._why(bad, word))

    def people(self, flags: list[str], default: Callable[[], NewPerson]) -> list[NewPerson]:
        """Who is on duty, in turn; one at least."""
        found = [self._flag("person", flag, answers.person) for flag in flags]
        if found:
            self._once(found, 2)
            return found
        if self._defaults:
            return [default()]
        self._somebody("person")
        self._terminal.note(self._terminal.say("init.ask.people"))
        suggested = default()
        while True:
            hint = "" if found else f" [{suggested.written()}]"
            word = self._line(f"  {len(found) + 1}{hint}: ")
            if not word and found:
                return found
            try:
                found.append(answers.person(word) if word else suggested)
                self._once(found, 2)
            except _REFUSED as bad:
                self._terminal.note(self._why(bad, word))
            except Problem as problem:
                self._terminal.note(str(problem))
                found.pop()

    def _once(self, people: list[NewPerson], code: int) -> None:
        twice = answers.repeated(people)
        if twice:
            raise Problem(self._terminal.say("init.twice", word=twice), code)

    def _flag(self, what: str, word: str, read: Callable[[str], T]) -> T:
        try:
            return read(word)
        except _REFUSED as bad:
            raise Problem(f"--{what}: {self._why(bad, word)}", 2) from bad

    def _why(self, bad: Exception, word: str) -> str:
        if isinstance(bad, WrongValueError):  # as a profile is read
            return bad.message.say(self._terminal.language)
        return self._terminal.say(str(bad), word=word)

    def _somebody(self, what: str) -> None:
        if self._nobody:
            raise Problem(self._terminal.say("init.nobody", flag=f"--{what}"), 2)

    def _line(self, question: str) -> str:
        sys.stderr.write(question)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:  # Ctrl-D
            self._terminal.note("")
            raise Problem(self._terminal.say("ask.kept"))
        return line.strip()
