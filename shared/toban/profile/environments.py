"""
Which environment of a service something is of, and whether people are called for it.

Nothing else decides either: who is called (`toban.notify.contacts`), whether an escalation runs
(`toban.incidents.lifecycle`), what a message says of it all ask `calls_people`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toban.kernel.environment import LABEL, PRODUCTION
from toban.profile.section import Environment, Service


def environments(service: Service) -> dict[str, Environment]:
    """Return every environment of a service by its name, ``production`` first and always."""
    return {PRODUCTION: Environment(), **(service.environments or {})}


def calls_people(service: Service, environment: str) -> bool:
    """
    Return whether people are called for what is of that environment.

    One that the profile does not know counts as ``production``, as it does wherever alerts come
    in.
    """
    known = environments(service)
    name = environment if environment in known else PRODUCTION
    said = known[name].pages
    return name == PRODUCTION if said is None else said


def environment_of(service: Service, labels: Mapping[str, str]) -> str:
    """
    Return the environment that an alert of the service with these labels is of.

    A label ``environment`` that is an environment's name decides (whoever sent the alert said
    so). Else the rule with the most labels that all hold; of equally specific rules one of an
    environment for which people are called, then the first by name. Where none holds it is
    ``production``. The order in the file makes no difference: Firestore keeps none.
    """
    known = environments(service)
    named = labels.get(LABEL, "")
    if named in known:
        return named
    holding = [
        (-len(rule.labels), not calls_people(service, name), name)
        for name, environment in known.items()
        for rule in environment.match
        if rule.labels and rule.holds(labels)
    ]
    return min(holding)[2] if holding else PRODUCTION


def foremost(service: Service, names: Iterable[str]) -> str:
    """Return the environment that stands for several: one for which people are called, if any."""
    order = sorted(set(names), key=lambda n: (not calls_people(service, n), n != PRODUCTION, n))
    return order[0] if order else PRODUCTION
