"""Somebody is told when a service has as many open incidents as its profile allows."""

from __future__ import annotations

from toban.events import AlertFired
from toban.incidents.documents import OWN, Group
from toban.incidents.grouping.section import GROUPING
from toban.incidents.texts import text
from toban.kernel.work import Work
from toban.profile.environments import calls_people
from toban.profile.profile import Profile
from toban.profile.section import SERVICE


def tell_when_full(group: Group, environment: str, profile: Profile, work: Work) -> bool:
    """
    Have somebody told, once while it lasts, that too many are open; whether that was done now.

    Not only when the last one opens: one may have been reopened, or the profile allow fewer.
    """
    if group.told_full or len(group.open) < profile[GROUPING].max_open:
        return False
    if not calls_people(profile[SERVICE], environment):
        return False  # nobody is called for any of them: the platform's people are not either
    group.told_full = True
    work.emit(_too_many_open(profile, work))
    return True


def _too_many_open(profile: Profile, work: Work) -> AlertFired:
    """From now on alerts of this service share an incident that is not their own: somebody's to see."""
    service, language = profile[SERVICE], profile[SERVICE].language
    number = profile[GROUPING].max_open
    return AlertFired(
        source=OWN,
        fingerprint=f"too-many-open/{service.id}",
        rule="too-many-open",
        title=text(language, "alert.too-many-open", service=service.named(language), number=number),
        summary=text(language, "alert.too-many-open.summary"),
        severity="error",
        labels={"service": OWN, "of": service.id},
        starts_at=work.now,
    )
