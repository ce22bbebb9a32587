"""Checking the section `channels`."""

from __future__ import annotations

from collections.abc import Iterator

from toban.channels.section import CHANNELS
from toban.channels.texts import both
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.strictyaml.checks import check_secret_name
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report
from toban.strictyaml.values import secrets_of


def check(profile: Profile, report: Report, context: CheckContext) -> None:
    """Check that channels are complete, hold no secrets, and that their fallbacks exist and end."""
    for name, channel in profile[CHANNELS].items():
        path = join("channels", name)
        if channel.fallback:
            check_channel_name(profile, channel.fallback, f"{path}.fallback", report)
            _check_loop(profile, name, f"{path}.fallback", report)
        for field, value in secrets_of(channel).items():
            check_secret_name(value, "SLACK_WEBHOOK_OPS", f"{path}.{field}", report)
        channel.check(path, report)
    used = context.mentioned.get("channels", ())
    for name in profile[CHANNELS]:
        if name not in used:
            report.warning(
                "unused-channel",
                join("channels", name),
                both("finding.channels.unused-channel", name=name),
            )


def mentions(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the fallbacks: (section, name)."""
    yield from (("channels", channel.fallback) for channel in profile[CHANNELS].values())


def check_channel_name(profile: Profile, name: str, path: str, report: Report) -> None:
    """Report a channel that does not exist."""
    if name not in profile[CHANNELS]:
        hint = did_you_mean(name.removeprefix("channel:"), profile[CHANNELS])
        report.error(
            "unknown-channel",
            path,
            both("finding.channels.unknown-channel", name=repr(name), hint=hint),
        )


def _check_loop(profile: Profile, name: str, path: str, report: Report) -> None:
    seen = [name]
    at = profile[CHANNELS][name].fallback
    while at in profile[CHANNELS] and at not in seen:
        seen.append(at)
        at = profile[CHANNELS][at].fallback
    if at == name:
        chain = " → ".join([*seen, name])
        report.error(
            "fallback-loop",
            path,
            both("finding.channels.fallback-loop", chain=chain),
        )
