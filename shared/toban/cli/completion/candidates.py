"""What a half-written command line may go on with, by the parsers that will read it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple


class Candidate(NamedTuple):
    """A word that may stand here, and what it is for."""

    word: str
    about: str = ""


FILES: Final = [Candidate(":files")]
DIRECTORIES: Final = [Candidate(":directories")]
"""The shell knows these itself."""


@dataclass(frozen=True)
class WantedIds:
    """Ids are wanted, which only the documents know."""

    kind: str
    """The command that they are given to (``incidents``), or what they are of: ``service``, ``person``…"""
    beginning: str
    data: Path | None
    """The data directory that is named on the line."""
    service: str = ""
    """The service that is named on the line."""
    source: str = ""
    """The source of backups that is named on the line."""


@dataclass
class _Place:
    """Where in a command line the word to be completed stands."""

    parser: argparse.ArgumentParser
    commands: list[str] = field(default_factory=list)
    given: int = 0
    """Words that stand by their place, so far."""
    option: argparse.Action | None = None
    """The option whose value it is."""
    named: dict[str, str] = field(default_factory=dict)
    """The values of options, by where the parser puts them."""


def candidates(top: argparse.ArgumentParser, words: list[str]) -> list[Candidate] | WantedIds:
    """
    Return what the last of `words` may become (it may be empty); the words before it are taken as
    they are.
    """
    *before, current = _joined(words) or [""]
    place = _Place(top)
    for word in before:
        _take(place, word)
    name, equals, value = current.partition("=")
    if place.option is not None:
        return _values(place, place.option, current)
    if current.startswith("-") and equals:
        option = place.parser._option_string_actions.get(name)
        found = [] if option is None else _values(place, option, value)
        if isinstance(found, WantedIds) or found in (FILES, DIRECTORIES):
            return found
        apart = words[-1] == "=" or words[-2:-1] == ["="]
        return found if apart else [Candidate(f"{name}={each.word}", each.about) for each in found]
    if current.startswith("-"):
        return [each for each in _options(place.parser) if each.word.startswith(current)]
    action = _positional(place)
    return [] if action is None else _values(place, action, current)


def _joined(words: Sequence[str]) -> list[str]:
    """Bash takes ``--lang=ja`` apart into three words, and completes the last of them alone."""
    found: list[str] = []
    for word in words:
        if found and (word == "=" or found[-1].endswith("=")) and found[-1].startswith("--"):
            found[-1] += word
        else:
            found.append(word)
    return found


def _take(place: _Place, word: str) -> None:
    """Go on behind a word."""
    if place.option is not None:
        place.named[place.option.dest] = word
        place.option = None
        return
    if word.startswith("-") and word != "-":
        name, equals, value = word.partition("=")
        option = place.parser._option_string_actions.get(name)
        if option is not None and equals:
            place.named[option.dest] = value
        elif option is not None and option.nargs != 0:
            place.option = option
        return
    action = _positional(place)
    if isinstance(action, argparse._SubParsersAction):
        chosen = action.choices.get(word)
        if chosen is not None:
            place.parser, place.given = chosen, 0
            place.commands.append(word)
            return
    if action is not None:
        place.named[action.dest] = word
    place.given += 1


def _positional(place: _Place) -> argparse.Action | None:
    """What the next word that stands by its place is for."""
    actions = place.parser._get_positional_actions()
    if place.given < len(actions):
        return actions[place.given]
    last = actions[-1] if actions else None
    return last if last is not None and last.nargs in ("*", "+") else None


def _values(place: _Place, action: argparse.Action, beginning: str) -> list[Candidate] | WantedIds:
    if isinstance(action, argparse._SubParsersAction):
        found = [Candidate(c.dest, _plain(c.help)) for c in action._choices_actions]
    elif action.choices is not None:
        found = [Candidate(str(choice)) for choice in action.choices]
    elif action.type is Path or action.metavar in ("FILE", "DIR"):
        return DIRECTORIES if action.metavar == "DIR" else FILES
    elif (kind := _kind(place, action)) and "project" not in place.named:
        data = place.named.get("data")
        return WantedIds(
            kind,
            beginning,
            None if data is None else Path(data),
            place.named.get("service", ""),
            place.named.get("source", ""),
        )
    else:
        found = []
    return [each for each in found if each.word.startswith(beginning)]


def _kind(place: _Place, action: argparse.Action) -> str:
    """What only the documents know and is wanted here; empty: nothing that they know."""
    if action.dest == "id":
        return place.commands[0]
    if action.dest in ("service", "person"):
        return action.dest
    is_of_backups = bool({"backups", "restore"}.intersection(place.commands[:1]))
    return action.dest if is_of_backups and action.dest in ("source", "class_") else ""


def _options(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    for action in parser._get_optional_actions():
        if action.help != argparse.SUPPRESS:
            yield Candidate(max(action.option_strings, key=len), _plain(action.help))


def _plain(help_: Any) -> str:
    return str(help_ or "").replace("%%", "%")
