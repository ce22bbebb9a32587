"""
Checking a profile before it is applied: is it consistent, and does every page reach somebody?

Pure: findings carry key paths; `toban.sections.files` adds file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sections.collect import defined
from toban.sections.texts import both
from toban.strictyaml.findings import Finding
from toban.strictyaml.report import Report


def check(
    profile: Profile,
    all_profiles: Iterable[Profile] = (),
    borrowed: Mapping[str, frozenset[str]] | None = None,
) -> list[Finding]:
    """
    Return everything questionable about a profile, errors first.

    `all_profiles` (with or without `profile` itself) are those applied together with it: some
    mistakes, such as two catch-all services, only show beside the others. `borrowed`: what it
    has from its team (`toban.sections.teams.ProfileWithTeam`).
    """
    report = Report()
    others = tuple(p for p in all_profiles if p is not profile)
    context = CheckContext(others, mentioned(profile), borrowed or {})
    for section in defined():
        section.check(profile, report, context)
    for section in defined():
        name, inactive = section.key.name, section.key.inactive
        if inactive is not None and not profile[section.key]:
            report.info(
                "inactive",
                name,
                both("finding.sections.inactive", name=name, inactive=inactive),
            )
    return report.sorted()


def mentioned(profile: Profile) -> dict[str, frozenset[str]]:
    """Return, by section, which of its names the sections of a profile mention."""
    found: dict[str, set[str]] = {}
    for section in defined():
        for name, mention in section.mentions(profile):
            found.setdefault(name, set()).add(mention)
    return {name: frozenset(names) for name, names in found.items()}


def check_together(profiles: Mapping[str, Profile]) -> list[Finding]:
    """Return the findings about the set of profiles as a whole."""
    report = Report()
    if profiles and not any(p[SERVICE].default for p in profiles.values()):
        report.warning(
            "no-default",
            "",
            both("finding.sections.no-default"),
        )
    return report.sorted()
