"""Checking the section `severities`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toban.channels.check import check_channel_name
from toban.oncall.check_targets import check_target, mentioned_by
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import SEVERITIES, Severity
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report

SHORTEST_REMINDER = 300
LONGEST_REMINDER = 7 * 86_400


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """Words and levels tell severities apart, and everybody they name exists."""
    service, severities = profile[SERVICE], profile[SEVERITIES]
    if not severities and (service.match or service.default):
        report.error(
            "reaches-nobody",
            "severities",
            "アラートを受けるのに severities がなく、インシデントは誰にも届きません。",
            "alerts come in, but without severities their incidents reach nobody.",
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
                report.error("empty", at, "空の語です。", "the word is empty.")
            elif owner != severity.label or (at.endswith("label") and _again(severities, number)):
                report.error(
                    "ambiguous-word",
                    at,
                    f"{word!r} はすでに {owner} を意味しています。",
                    f"{word!r} already means {owner}.",
                )
        first = levels.setdefault(severity.level, severity.label)
        if first != severity.label:
            report.warning(
                "same-level",
                join("severities", number, "level"),
                f"レベル {severity.level} は {first} と同じです。",
                f"level {severity.level} is the same as that of {first}.",
            )
        for n, channel in enumerate(severity.via):
            check_channel_name(profile, channel, join("severities", number, "via", n), report)
        for n, target in enumerate(severity.notify):
            check_target(profile, target, join("severities", number, "notify", n), report)
        if severity.remind_after is not None and severity.remind_after < SHORTEST_REMINDER:
            report.error(
                "wrong-value",
                join("severities", number, "remind_after"),
                "5m 以上にしてください。",
                "at least 5m: nobody can look after an incident that asks more often.",
            )
        elif severity.remind_after is not None and severity.remind_after > LONGEST_REMINDER:
            report.warning(
                "long-silence",
                join("severities", number, "remind_after"),
                "7d を超えると、忘れられたインシデントが長く放置されます。",
                "beyond 7d an incident that everybody has forgotten stays so for long.",
            )


def mentions(profile: Profile) -> Iterator[tuple[str, str]]:
    """What the severities name: (section, name)."""
    for severity in profile[SEVERITIES]:
        yield from (("channels", channel) for channel in severity.via)
        yield from mentioned_by(profile, severity.notify)


def _again(severities: Sequence[Severity], number: int) -> bool:
    label = severities[number].label.casefold()
    return any(s.label.casefold() == label for s in severities[:number])
