"""Checking `service.environments`."""

from __future__ import annotations

from collections.abc import Iterator

from toban.kernel.environment import LABEL, PRODUCTION
from toban.profile.context import CheckContext
from toban.profile.environments import calls_people, environments
from toban.profile.section import SERVICE, Match, Service
from toban.profile.texts import both
from toban.strictyaml.checks import check_id
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report

_MISTAKEN = ("prod", "prd", "live", "default")
"""Names by which people mean ``production``, which is another."""


def check_environments(service: Service, report: Report, context: CheckContext) -> None:
    """Names, rules that never hold or that two environments share, and who is not called."""
    others = {other[SERVICE].id for other in context.others}
    for name, environment in (service.environments or {}).items():
        path = join("service", "environments", name)
        check_id(name, path, report)
        if name in _MISTAKEN and not calls_people(service, name):
            report.warning(
                "not-production",
                path,
                both("finding.profile.not-production", name=name),
            )
        if name == PRODUCTION and environment.pages is False:
            report.warning(
                "production-calls-nobody",
                f"{path}.pages",
                both("finding.profile.production-calls-nobody"),
            )
        for number, rule in enumerate(environment.match):
            place = join("service", "environments", name, "match", number)
            _check_rule(service, name, rule, others, place, report)
            if rule in environment.match[:number]:
                report.warning("repeated", place, both("finding.profile.environment-repeated"))
    _check_overlaps(service, report)


def _check_rule(
    service: Service, name: str, rule: Match, others: set[str], path: str, report: Report
) -> None:
    """Complain about a rule that holds for no alert of this environment."""
    if not rule.labels:
        report.error(
            "empty-rule",
            path,
            both("finding.profile.environment-empty-rule"),
        )
    said = rule.labels.get(LABEL, name)
    if said != name and said in environments(service):
        report.error(
            "never-holds",
            path,
            both("finding.profile.never-holds", label=LABEL, said=said),
        )
    of = rule.labels.get("service", service.id)
    if of != service.id and of in others:
        report.error(
            "never-holds",
            path,
            both("finding.profile.of-another-service", of=of),
        )


def _check_overlaps(service: Service, report: Report) -> None:
    """Remark on rules of two environments that may hold for the same alert, and which one wins."""
    rules = list(_rules(service))
    for at, (name, number, rule) in enumerate(rules):
        path = join("service", "environments", name, "match", number)
        for other, _, theirs in rules[:at]:
            if name == other or len(rule.labels) != len(theirs.labels) or not rule.labels:
                continue
            if any(
                theirs.labels.get(label, value) != value for label, value in rule.labels.items()
            ):
                continue
            winner = min((name, other), key=lambda n: (not calls_people(service, n), n))
            if rule == theirs:
                report.error(
                    "same-rule",
                    path,
                    both("finding.profile.environment-same-rule", other=other, winner=winner),
                )
            else:
                report.warning(
                    "overlap",
                    path,
                    both("finding.profile.overlap", other=other, winner=winner),
                )


def _rules(service: Service) -> Iterator[tuple[str, int, Match]]:
    for name, environment in (service.environments or {}).items():
        for number, rule in enumerate(environment.match):
            yield name, number, rule
