"""The section `people`."""

from __future__ import annotations

from typing import Final

from toban.people.texts import both
from toban.profile.profile import SectionKey
from toban.strictyaml.values import EmailAddress, Language, Section, ZoneName


class Person(Section, frozen=True):
    """A person who can be on duty."""

    name: str
    email: EmailAddress = ""
    slack: str = ""
    """Slack member id, mentioned in messages."""
    language: Language | None = None
    timezone: ZoneName | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Return the person's addresses, by the keys above."""
        return {"email": self.email, "slack": self.slack}


PEOPLE: Final[SectionKey[dict[str, Person]]] = SectionKey(
    "people", dict[str, Person], {}, inactive=both("section.people"), team=True
)
