"""Which service an alert belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toban.profile.profile import Profile
from toban.profile.section import SERVICE


def match_service(
    profiles: Mapping[str, Profile] | Iterable[Profile], labels: Mapping[str, str]
) -> str | None:
    """
    Return the id of the service to which an alert with these labels belongs, or None.

    A label ``service`` that equals a service id decides (whoever sent the alert said so). Else
    the rule with the most labels that all hold wins; of equally specific rules the one of the
    first service id. The order of `profiles` makes no difference.
    """
    every = profiles.values() if isinstance(profiles, Mapping) else profiles
    services = sorted((profile[SERVICE] for profile in every), key=lambda service: service.id)
    named = labels.get("service", "")
    if any(service.id == named for service in services):
        return named
    best_id, best_size = None, 0
    for service in services:
        for rule in service.match:
            if rule.holds(labels) and len(rule.labels) > best_size:
                best_id, best_size = service.id, len(rule.labels)
    return best_id


def default_service(profiles: Mapping[str, Profile] | Iterable[Profile]) -> str | None:
    """
    Return the id of the service that takes alerts that match no other (``default: true``), if
    any.
    """
    every = profiles.values() if isinstance(profiles, Mapping) else profiles
    return min((p[SERVICE].id for p in every if p[SERVICE].default), default=None)
