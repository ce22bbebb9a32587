"""Checking the section `grouping`."""

from __future__ import annotations

from toban.incidents.grouping.section import GROUPING, SHORTEST_EXPIRY
from toban.incidents.grouping.texts import both
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """Some incident may be open, and nothing expires between two words of its sender."""
    expiry = profile[GROUPING].expiry
    if expiry is not None and expiry < SHORTEST_EXPIRY:
        report.error(
            "wrong-value", "grouping.expire_after", both("finding.grouping.expires-too-soon")
        )
    if profile[GROUPING].max_open < 1:
        report.error(
            "wrong-value",
            "grouping.max_open",
            both("finding.grouping.wrong-value"),
        )
