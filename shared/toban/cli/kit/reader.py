"""Documents, read for showing them; they need no runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from toban.cli.kit.arguments import no_such
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.incidents.documents import Incident
from toban.incidents.lifecycle import is_called_for
from toban.kernel.document import D, decode
from toban.kernel.documents import Documents
from toban.kernel.event import timestamp
from toban.ports import Operator, Query, Store, Value
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.profile import Profile
from toban.profile.section import SERVICE, home_zone
from toban.profile.store import CurrentProfile, PinnedProfile, pinned_id

_LAST = "\U0010ffff"
_SUGGESTED = 500
"""Ids among which the likeliest is looked for."""
_LONGEST = 700
"""Bytes of an id."""


class UnreadableDocumentError(Exception):
    """A document that another version of toban wrote, or something else; its path, and why."""


class StoreReader(Documents):
    """What commands read of a store, as of the time at which it was opened."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, now())
        self.unreadable: dict[str, str] = {}
        """Documents that `find` left out, because this version cannot read them, and why."""

    def get(self, cls: type[D], id: str) -> D | None:
        """
        See `Documents`; also of what a person wrote, which may be no id.

        Raises `UnreadableDocumentError`.
        """
        try:
            return super().get(cls, id) if can_be_id(id) else None
        except msgspec.ValidationError as error:
            raise UnreadableDocumentError(f"{cls.COLLECTION}/{id}", str(error)) from error

    def find(
        self,
        cls: type[D],
        *where: tuple[str, Operator, Value],
        order_by: str | None = None,
        limit: int | None = None,
    ) -> list[D]:
        """See `Documents`; one document that cannot be read hides no other (see `unreadable`)."""
        found = []
        for snapshot in self.store.query(Query(cls.COLLECTION, tuple(where), order_by, limit)):
            try:
                found.append(decode(cls, snapshot.data))
            except msgspec.ValidationError as error:
                self.unreadable[f"{cls.COLLECTION}/{snapshot.key.id}"] = str(error)
        return found

    def by_prefix(self, cls: type[D], prefix: str, limit: int = 6) -> list[D]:
        """Return documents whose id begins so."""
        if prefix and not can_be_id(prefix):
            return []
        exact = self.get(cls, prefix)
        if exact is not None:
            return [exact]
        return self.find(cls, ("id", ">=", prefix), ("id", "<", prefix + _LAST), limit=limit)

    def profile(self, service: str, version: str) -> Profile | None:
        """Return a version of a service's profile, if the store has it."""
        if version == BUILTIN_VERSION:
            return BUILTIN
        id = pinned_id(service, version)
        try:
            found = self.reference(PinnedProfile, id)
        except msgspec.ValidationError as error:
            self.unreadable[f"{PinnedProfile.COLLECTION}/{id}"] = str(error)
            return None
        return None if found is None else found.profile

    def profiles(self) -> dict[str, Profile]:
        """Return the current profile of every service."""
        return {d.id: d.profile for d in self.find(CurrentProfile)}

    def zone(self, service: str, version: str = "") -> str:
        """Return the time zone of a service: by a version of its profile, else by the current one."""
        pinned = self.profile(service, version) if version else None
        if pinned is not None:
            return pinned[SERVICE].timezone
        current = self.get(CurrentProfile, service)
        return current.profile[SERVICE].timezone if current else "UTC"

    def calls_people(self, incident: Incident) -> bool:
        """
        Return whether people are called for an incident; without its profile nobody can
        tell: they are.
        """
        profile = self.profile(incident.service, incident.profile_version)
        return profile is None or is_called_for(incident, profile)

    def home_zone(self) -> str:
        """Return the zone for what belongs to no service."""
        return home_zone(self.profiles().values())


def chosen(
    reader: StoreReader,
    cls: type[D],
    word: str,
    terminal: Terminal,
    what: str,
    known: Callable[[], Iterable[str]],
    *,
    beginnings: Iterable[str] = ("",),
) -> D:
    """
    Return the document with that id, or the only one whose id begins so.

    `beginnings` may be left out of what a person writes. `Problem` with
    the likeliest of the `known` ids when there is none; `what` is the key of what it is called.
    """
    word = word.strip().removeprefix(f"{cls.COLLECTION}/")
    for beginning in beginnings if word else ():
        found = reader.by_prefix(cls, f"{beginning}{word}")
        if len(found) == 1:
            return found[0]
        if found:
            words = ", ".join(each.id for each in found[:5])
            raise Problem(terminal.say("ambiguous", word=word, words=words), 2)
    raise no_such(terminal, word, what, known())


def incident_of(reader: StoreReader, word: str, terminal: Terminal) -> Incident:
    """
    Return the incident with that id, or the only one whose id begins so (with or without
    ``inc-``).
    """

    def newest() -> list[str]:
        found = reader.find(Incident, order_by="-opened_at", limit=_SUGGESTED)
        return [incident.id for incident in found]

    word = word.strip().lower()
    return chosen(
        reader, Incident, word, terminal, "what.incident", newest, beginnings=("", "inc-")
    )


def can_be_id(word: str) -> bool:
    """Return whether a document can have this id: every store refuses any other."""
    try:
        return "/" not in word and 0 < len(word.encode()) <= _LONGEST
    except UnicodeEncodeError:  # bytes of the command line that are no UTF-8
        return False


def shown_time(moment: datetime | None) -> str | None:
    """Return a time for scripts: RFC 3339, UTC."""
    return None if moment is None else timestamp(moment)
