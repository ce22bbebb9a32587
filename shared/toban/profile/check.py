"""Checking the section `service`."""

from __future__ import annotations

from toban.profile.check_environments import check_environments
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.texts import both
from toban.strictyaml.checks import check_zone
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:
    """Check names, rules, and what no two services may both say."""
    service, others = profile[SERVICE], [other[SERVICE] for other in context.others]
    if not service.name.strip():
        report.error("empty", "service.name", both("finding.profile.empty"))
    check_zone(service.timezone, "service.timezone", report)
    for other in others:
        if other.id == service.id:
            report.error(
                "duplicate-service",
                "service.id",
                both("finding.profile.duplicate-service", id=service.id),
            )
        elif service.default and other.default:
            report.error(
                "two-defaults",
                "service.default",
                both("finding.profile.two-defaults", id=other.id),
            )
    if not service.match and not service.default:
        report.warning(
            "no-match",
            "service",
            both("finding.profile.no-match"),
        )
    for number, rule in enumerate(service.match):
        path = join("service", "match", number)
        if not rule.labels:
            report.error(
                "empty-rule",
                path,
                both("finding.profile.empty-rule"),
            )
        if rule in service.match[:number]:
            report.warning("repeated", path, both("finding.profile.repeated"))
        for other in others:
            if rule.labels and rule in other.match:
                winner = min(service.id, other.id)
                report.error(
                    "same-rule",
                    path,
                    both("finding.profile.same-rule", id=other.id, winner=winner),
                )
    check_environments(service, report, context)
