"""Checking the section `people`."""

from __future__ import annotations

from toban.people.section import PEOPLE
from toban.people.texts import both
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.strictyaml.checks import check_email, check_zone
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:
    """Check that people can be told apart, can be mailed, and are needed."""
    # Whom a team has besides is no concern of this service.
    used = context.mentioned.get("people", frozenset()) | context.borrowed.get(
        "people", frozenset()
    )
    for name, person in profile[PEOPLE].items():
        path = join("people", name)
        check_zone(person.timezone, f"{path}.timezone", report)
        if not person.email:
            report.warning(
                "no-email",
                path,
                both("finding.people.no-email", name=name),
            )
        else:
            check_email(person.email, f"{path}.email", report)
        if name not in used:
            report.warning(
                "unused-person",
                path,
                both("finding.people.unused-person", name=name),
            )


def check_person_name(profile: Profile, name: str, path: str, report: Report) -> None:
    """Report a person who does not exist."""
    if name not in profile[PEOPLE]:
        hint = did_you_mean(name.removeprefix("person:"), profile[PEOPLE])
        report.error(
            "unknown-person",
            path,
            both("finding.people.unknown-person", name=repr(name), hint=hint),
        )
