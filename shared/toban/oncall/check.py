"""Checking the section `oncall`."""

from __future__ import annotations

from toban.oncall.section import ONCALL, Rotation
from toban.oncall.shifts import WEEKDAYS, handover_day
from toban.oncall.texts import both
from toban.people.check import check_person_name
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.strictyaml.checks import check_zone
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """Check that somebody is on duty at every hour, and that everybody named exists."""
    rotation = profile[ONCALL]
    if rotation is None:
        return
    if not rotation.members:
        report.error(
            "uncovered",
            "oncall.members",
            both("finding.oncall.uncovered"),
        )
    for field, names in (("members", rotation.members), ("secondary", rotation.secondary)):
        for number, name in enumerate(names):
            check_person_name(profile, name, join("oncall", field, number), report)
    if rotation.weeks < 1:
        report.error("wrong-value", "oncall.weeks", both("finding.oncall.wrong-value"))
    check_zone(rotation.timezone, "oncall.timezone", report)
    day = handover_day(rotation)
    if day != rotation.first_shift:
        report.error(
            "first-shift",
            "oncall.first_shift",
            both(
                "finding.oncall.first-shift",
                first=rotation.first_shift,
                weekday=both(f"weekday.{WEEKDAYS[rotation.first_shift.weekday()]}"),
                handover=both(f"weekday.{rotation.handover.weekday}"),
                day=day,
            ),
        )
    _check_overrides(profile, rotation, report)


def _check_overrides(profile: Profile, rotation: Rotation, report: Report) -> None:
    for number, override in enumerate(rotation.overrides):
        path = join("oncall", "overrides", number)
        check_person_name(profile, override.person, f"{path}.person", report)
        if override.end <= override.start:
            report.error(
                "override-time",
                f"{path}.end",
                both("finding.oncall.override-time"),
            )
        for earlier, other in enumerate(rotation.overrides[:number]):
            overlap = other.start < override.end and override.start < other.end
            if overlap and other.role == override.role:
                report.warning(
                    "override-overlap",
                    path,
                    both("finding.oncall.override-overlap", earlier=earlier),
                )
            elif overlap and other.person == override.person:
                report.warning(
                    "override-both",
                    path,
                    both("finding.oncall.override-both", person=override.person),
                )
