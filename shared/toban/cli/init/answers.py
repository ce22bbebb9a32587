"""What a new service is made of: read from what a person writes, by pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.texts import Language

HANDOVER = time(9)
"""When shifts change, on Mondays: what a profile that says nothing has."""
LONGEST_ID = 63
LONGEST_NAME = 100
NO_NAME = "service"
"""The id of a service whose name has no letters for one, in a directory that has none either."""
_PERSON = re.compile(r"(?P<name>[^<>]*?)\s*(?:<\s*(?P<email>[^<>\s]+)\s*>)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class BadAnswer(Exception):
    """An answer that cannot be taken; the key of the text that says why."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who is on duty."""

    name: str
    email: str = ""

    def written(self) -> str:
        """Return the person as one is asked for."""
        return f"{self.name} <{self.email}>" if self.email else self.name


@dataclass(frozen=True, slots=True)
class NewService:
    """The answers from which a first profile is written."""

    id: str
    name: str
    zone: str
    people: tuple[NewPerson, ...]
    language: Language


def service_name(word: str) -> str:
    """Return a name; raises `BadAnswer`."""
    name = " ".join(word.split())
    if not name or not name.isprintable() or len(name) > LONGEST_NAME:
        raise BadAnswer("init.bad-name")
    return name


def person(word: str) -> NewPerson:
    """Return a person from ``Aoki <aoki@example.jp>``, or a name or address alone; raises `BadAnswer`."""
    match = _PERSON.fullmatch(" ".join(word.split()))
    name, email = (match["name"], match["email"] or "") if match else ("", "")
    if not email and _EMAIL.fullmatch(name):
        name, email = name.partition("@")[0], name
    if not name and email:
        name = email.partition("@")[0]
    bad = "@" in name or (email and not _EMAIL.fullmatch(email))
    if bad or not name or not word.isprintable() or len(word) > LONGEST_NAME:
        raise BadAnswer("init.bad-person")
    return NewPerson(name, email)


def id_from(*words: str) -> str:
    """Return the id that the first word with letters for one gives: ``Café Shop`` → ``cafe-shop``."""
    for word in words:
        plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
        found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
        found = re.sub(r"^[0-9-]+", "", found)[:LONGEST_ID].rstrip("-")
        if found:
            return found
    return NO_NAME


def is_spelled(name: str) -> bool:
    """Return whether a name can be read in the id that is made of it: no letter of it is lost."""
    plain = unicodedata.normalize("NFKD", name)
    letters = [character for character in plain if character.isalnum()]
    return any(c.isalpha() for c in letters) and all(c.isascii() for c in letters)


def people_ids(people: Iterable[NewPerson]) -> list[str]:
    """Return an id for each person, by name, else by address, else by number; no two are the same."""
    taken: list[str] = []
    for number, each in enumerate(people, 1):
        local = each.email.partition("@")[0]
        first = id_from(each.name, local, f"person-{number}")
        found = first
        again = 2
        while found in taken:
            found, again = f"{first}-{again}", again + 1
        taken.append(found)
    return taken


def first_shift(now: datetime, zone_: str) -> date:
    """Return the hand-over day that began the shift of `now`: the first person is on duty."""
    local = now.astimezone(ZoneInfo(zone_))
    monday = local.date() - timedelta(days=local.weekday())
    return monday if local.date() > monday or local.time() >= HANDOVER else monday - timedelta(7)


def repeated(people: Sequence[NewPerson]) -> str:
    """Return who is named twice; empty: nobody is."""
    seen: set[NewPerson] = set()
    for each in people:
        if each in seen:
            return each.written()
        seen.add(each)
    return ""
