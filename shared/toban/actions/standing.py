"""
What the page behind a link says: how the incident is, and whether the link can still do something.

It claims only what is recorded. A click asks by an event, so right after it the answer is "asked
for"; that somebody has the incident is said when the incident says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from toban.actions.texts import text
from toban.incidents.documents import Incident
from toban.kernel.documents import Documents
from toban.kernel.edge.links import Language, SignedLink
from toban.kernel.environment import PRODUCTION
from toban.kernel.i18n import duration, moment
from toban.people.section import PEOPLE
from toban.ports import Unavailable
from toban.profile.section import SERVICE
from toban.profile.store import pinned

ZONES: Final[dict[Language, str]] = {"ja": "Asia/Tokyo", "en": "Etc/UTC"}
"""Where nothing else says a reader's zone."""
LOOKS: Final = 6
"""How often the page looks by itself whether what was asked for is recorded."""
BUTTONS: Final = 8
"""People who get a button of their own; the others are offered while a name is typed."""


@dataclass(frozen=True)
class LinkedIncident:
    """What was read of a link's incident."""

    incident: Incident | None = None
    readable: bool = True
    """False: it could not be read now, and whether it exists is not known."""
    service: str = ""
    zone: str = ""
    people: tuple[str, ...] = ()
    """Names of the people of the service."""


@dataclass(frozen=True)
class Asked:
    """What was asked for by a click."""

    seen: int
    """The generation that the page had shown."""
    looks: int = 0
    """How often the page has looked since."""


@dataclass(frozen=True, kw_only=True)
class LinkPage:
    """The content of the page behind a link."""

    title: str
    subject: str = ""
    """The incident's title."""
    rows: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    """What is to be known before the button is pressed."""
    until: str = ""
    """How long the link is valid; empty: there is nothing to be asked for."""
    button: str = ""
    """Empty: there is nothing to be asked for."""
    seen: int = 0
    """The generation that is shown, which a click sends back."""
    people: Sequence[str] | None = None
    """Whom the button asks to choose from; None: the link proves who it is."""
    look_in: int = 0
    """After how many seconds the page looks again; 0: not by itself."""
    looks: int = 0
    """How often it has looked then."""
    status: int = 200


def read(link: SignedLink, documents: Documents | None) -> LinkedIncident:
    """Return what the store says of a link's incident; unavailable, it is not readable."""
    zone = ZONES[link.lang]
    if documents is None:
        return LinkedIncident(readable=False, zone=zone)
    try:
        incident = documents.get(Incident, link.incident)
    except Unavailable:
        return LinkedIncident(readable=False, zone=zone)
    if incident is None:
        return LinkedIncident(zone=zone)
    try:
        profile = pinned(documents, incident.service, incident.profile_version)
    except (Unavailable, LookupError):
        return LinkedIncident(incident, service=incident.service, zone=zone)
    people = sorted(person.name for person in profile[PEOPLE].values())
    service = profile[SERVICE]
    return LinkedIncident(
        incident, service=service.named(link.lang), zone=service.timezone, people=tuple(people)
    )


def page_of(
    link: SignedLink, found: LinkedIncident, now: datetime, asked: Asked | None = None
) -> LinkPage:
    """Return what the page says; `asked`: something was asked for by it."""
    return _Page(link, found, now, asked).page()


@dataclass
class _Page:
    link: SignedLink
    found: LinkedIncident
    now: datetime
    asked: Asked | None
    notes: list[str] = field(default_factory=list)

    def page(self) -> LinkPage:
        incident = self.found.incident
        if incident is None:
            return self._unread() if not self.found.readable else self._missing()
        action = self.link.action
        again = incident.called_since_taken(self.now)
        if incident.status == "resolved" and action != "reopen":
            return self._says("resolved", at=incident.resolved_at, who=incident.resolved_by)
        if action == "reopen" and incident.status != "resolved":
            return self._says("open")
        if action == "acknowledge" and incident.status == "acknowledged":
            if again is None:
                return self._says(
                    self._taken(incident), incident.acknowledged_at, incident.assignee
                )
            self._note("again", at=self._clock(again), who=incident.assignee)
        if self.asked is None:
            return self._offer(incident)
        if incident.generation != self.asked.seen:
            return self._offer(incident, title=f"changed.{action}")
        return self._waiting(incident)

    def _taken(self, incident: Incident) -> str:
        """Whether whoever has it is whom the link was sent to."""
        own = bool(self.link.person) and incident.assignee == self.link.actor
        return "yours" if own else "taken"

    def _offer(self, incident: Incident, title: str = "") -> LinkPage:
        if incident.generation != self.link.generation:
            self._note("before")
        button = self._button(incident)
        if title or incident.status != "acknowledged" or self.link.action != "acknowledge":
            return self._of(incident, title or f"ask.{self.link.action}", button=button)
        taken = self._taken(incident)
        return self._says(taken, incident.acknowledged_at, incident.assignee, button=button)

    def _button(self, incident: Incident) -> str:
        if self.link.action != "acknowledge" or incident.status != "acknowledged":
            return f"button.{self.link.action}"
        return f"button.{self._taken(incident)}"

    def _waiting(self, incident: Incident) -> LinkPage:
        """It was asked for, and nothing shows yet that it is so."""
        assert self.asked is not None
        looks = self.asked.looks + 1
        if self.link.action == "escalate":
            self._note("timeline")
            return self._of(incident, "asked")
        if looks > LOOKS:
            self._note("slow.more")
            return self._of(incident, "slow", button=self._button(incident))
        self._note("asked.more")
        return self._of(incident, "asked", look_in=1 + looks, looks=looks)

    def _says(
        self, key: str, at: datetime | None = None, who: str = "", *, button: str = ""
    ) -> LinkPage:
        incident = self.found.incident
        assert incident is not None
        who = who or text(self.link.lang, "link.nobody")
        values = {"who": who, "at": self._clock(at) if at else "?"}
        return self._of(incident, f"is.{key}", values, button=button)

    def _of(
        self,
        incident: Incident,
        title: str,
        values: dict[str, str] | None = None,
        *,
        button: str = "",
        look_in: int = 0,
        looks: int = 0,
    ) -> LinkPage:
        lang = self.link.lang
        end = moment(lang, datetime.fromtimestamp(self.link.exp, self.now.tzinfo), self.zone)
        return LinkPage(
            title=text(lang, f"link.{title}", **(values or {})),
            subject=incident.title,
            rows=self._rows(incident),
            notes=self.notes,
            until=f"{text(lang, 'link.until')}: {end}" if button else "",
            button=text(lang, f"link.{button}") if button else "",
            seen=incident.generation,
            people=None if self.link.person else self.found.people,
            look_in=look_in,
            looks=looks,
        )

    def _rows(self, incident: Incident) -> list[tuple[str, str]]:
        lang = self.link.lang
        severity = incident.severity_label
        if incident.environment != PRODUCTION:
            severity = f"[{incident.environment}] {severity}"
        since = moment(lang, incident.started_at, self.zone)
        lasts = duration(lang, (self.now - incident.started_at).total_seconds())
        if incident.status == "resolved":
            lasts = ""
        rows = [
            ("severity", severity),
            ("service", self.found.service),
            ("since", text(lang, "link.lasts", since=since, lasts=lasts) if lasts else since),
        ]
        if incident.acknowledged_at is not None:
            taken = moment(lang, incident.acknowledged_at, self.zone)
            rows.append(("taken", text(lang, "link.by", at=taken, who=incident.assignee)))
        rows.append(("incident", incident.id))
        if self.link.person:
            rows.append(("as", self.link.actor))
        return [(text(lang, f"link.{name}"), value) for name, value in rows]

    def _missing(self) -> LinkPage:
        lang = self.link.lang
        more = text(lang, "link.missing.more", incident=self.link.incident)
        return LinkPage(title=text(lang, "link.missing"), notes=[more], status=404)

    def _unread(self) -> LinkPage:
        """The state is not known: what the link is for can be asked for all the same."""
        lang, action = self.link.lang, self.link.action
        rows = [(text(lang, "link.incident"), self.link.incident)]
        self._note("unread")
        if self.asked is not None and self.asked.looks < LOOKS:
            looks = self.asked.looks + 1
            return LinkPage(
                title=text(lang, "link.asked"),
                rows=rows,
                notes=self.notes,
                seen=self.asked.seen,
                look_in=1 + looks,
                looks=looks,
            )
        return LinkPage(
            title=text(lang, f"link.ask.{action}"),
            rows=rows,
            notes=self.notes,
            button=text(lang, f"link.button.{action}"),
            seen=self.link.generation,
            people=None if self.link.person else (),
        )

    def _note(self, key: str, **values: str) -> None:
        self.notes.append(text(self.link.lang, f"link.{key}", **values))

    @property
    def zone(self) -> str:
        return self.found.zone

    def _clock(self, at: datetime) -> str:
        """The time, without its date where that is today's."""
        day, weekday, time, zone = moment(self.link.lang, at, self.zone).split(" ")
        today = moment(self.link.lang, self.now, self.zone).startswith(day)
        short = f"{time[:5]} {zone}"
        return short if today else f"{day} {weekday} {short}"
