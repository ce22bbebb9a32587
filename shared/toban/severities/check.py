"""Checking the section `severities`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toban.channels.check import check_channel_name
from toban.oncall.check_targets import check_target, mentioned_by
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import SEVERITIES, Severity
from toban.severities.texts import both
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report

SHORTEST_REMINDER = 300
LONGEST_REMINDER = 7 * 86_400


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """Check that words and levels tell severities apart, and that everybody they name exists."""
    service, severities = profile[SERVICE], profile[SEVERITIES]
    if not severities and (service.match or service.default):
        report.error(
            "reaches-nobody",
            "severities",
            both("finding.severities.reaches-nobody"),
        )
    words: dict[str, str] = {}
    levels: dict[int, str] = {}
    for number, severity in enumerate(severities):
        for at, word in [
            (join("severities", number, "label"), severity.label),
            *(
                (join("severities", number, "words", n), word)
                for n, word in enumerate(severity.words)
            ),
        ]:
            owner = words.setdefault(word.strip().casefold(), severity.label)
            if not word.strip():
                report.error("empty", at, both("finding.severities.empty"))
            elif owner != severity.label or (at.endswith("label") and _again(severities, number)):
                report.error(
                    "ambiguous-word",
                    at,
                    both("finding.severities.ambiguous-word", word=repr(word), owner=owner),
                )
        first = levels.setdefault(severity.level, severity.label)
        if first != severity.label:
            report.warning(
                "same-level",
                join("severities", number, "level"),
                both("finding.severities.same-level", level=severity.level, first=first),
            )
        for n, channel in enumerate(severity.via):
            check_channel_name(profile, channel, join("severities", number, "via", n), report)
        for n, target in enumerate(severity.notify):
            check_target(profile, target, join("severities", number, "notify", n), report)
        if severity.remind_after is not None and severity.remind_after < SHORTEST_REMINDER:
            report.error(
                "wrong-value",
                join("severities", number, "remind_after"),
                both("finding.severities.wrong-value"),
            )
        elif severity.remind_after is not None and severity.remind_after > LONGEST_REMINDER:
            report.warning(
                "long-silence",
                join("severities", number, "remind_after"),
                both("finding.severities.long-silence"),
            )


def mentions(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield what the severities name: (section, name)."""
    for severity in profile[SEVERITIES]:
        yield from (("channels", channel) for channel in severity.via)
        yield from mentioned_by(profile, severity.notify)


def _again(severities: Sequence[Severity], number: int) -> bool:
    label = severities[number].label.casefold()
    return any(s.label.casefold() == label for s in severities[:number])
