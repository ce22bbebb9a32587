"""Checking channels, people and the rotation."""

from __future__ import annotations

import re
from collections import Counter

from toban.oncall.shifts import WEEKDAYS, handover_day
from toban.profile.targets import check_channel_name, check_person_name, people_meant
from toban.profile.types import (
    Channel,
    EmailChannel,
    Profile,
    Rotation,
    SlackChannel,
    WebhookChannel,
)
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report

_SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_SECRETS = ("webhook_secret", "token_secret", "url_secret", "signing_secret")


def check_channels(profile: Profile, report: Report) -> None:
    """Channels are complete, hold no secrets, and their fallbacks lead somewhere and end."""
    for name, channel in profile.channels.items():
        path = join("channels", name)
        if channel.fallback:
            check_channel_name(profile, channel.fallback, f"{path}.fallback", report)
            _check_loop(profile, name, f"{path}.fallback", report)
        for field in _SECRETS:
            value = getattr(channel, field, "")
            if value and not _SECRET_NAME.fullmatch(value):
                # The value itself may be a secret and is not repeated.
                report.error(
                    "secret-name",
                    f"{path}.{field}",
                    "シークレットの値ではなく名前（SLACK_WEBHOOK_OPS など）を書きます。",
                    "write the name of a secret (like SLACK_WEBHOOK_OPS), never the secret itself.",
                )
        _check_complete(channel, path, report)
    used = _used_channels(profile)
    for name in profile.channels:
        if name not in used:
            report.warning(
                "unused-channel",
                join("channels", name),
                f"チャンネル {name} はどこからも使われていません。",
                f"nothing uses the channel {name}.",
            )


def check_people(profile: Profile, report: Report) -> None:
    """People can be told from each other, can be mailed, and are needed."""
    used = _used_people(profile)
    for name, person in profile.people.items():
        path = join("people", name)
        if not person.email:
            report.warning(
                "no-email",
                path,
                f"{name} にメールアドレスがありません。",
                f"{name} has no email address.",
            )
        elif not _ADDRESS.fullmatch(person.email):
            _not_an_address(f"{path}.email", person.email, report)
        if name not in used:
            report.warning(
                "unused-person",
                path,
                f"{name} はどこからも呼ばれません。",
                f"nothing ever calls {name}.",
            )


def check_oncall(profile: Profile, report: Report) -> None:
    """Somebody is on duty at every hour, and everybody named exists."""
    rotation = profile.oncall
    if rotation is None:
        return
    if not rotation.members:
        report.error(
            "uncovered",
            "oncall.members",
            "メンバーがいないので、どの時間も当番がいません。",
            "without members nobody is on duty at any hour.",
        )
    for field, names in (("members", rotation.members), ("secondary", rotation.secondary)):
        for number, name in enumerate(names):
            check_person_name(profile, name, join("oncall", field, number), report)
    if rotation.weeks < 1:
        report.error("wrong-value", "oncall.weeks", "1 以上にしてください。", "at least 1.")
    day = handover_day(rotation)
    if day != rotation.first_shift:
        report.error(
            "first-shift",
            "oncall.first_shift",
            f"{rotation.first_shift} は引き継ぎの曜日（{rotation.handover.weekday}）ではなく"
            f" {WEEKDAYS[rotation.first_shift.weekday()]} です。もしかして: {day}",
            f"{rotation.first_shift} is a {WEEKDAYS[rotation.first_shift.weekday()]}, "
            f"the hand-over is on {rotation.handover.weekday}. Did you mean {day}?",
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
                "終わりが始まりより後ではありません。",
                "it does not end after it starts.",
            )
        for earlier, other in enumerate(rotation.overrides[:number]):
            overlap = other.start < override.end and override.start < other.end
            if overlap and other.role == override.role:
                report.warning(
                    "override-overlap",
                    path,
                    f"oncall.overrides[{earlier}] と重なります。後に書いたこちらが優先されます。",
                    f"it overlaps oncall.overrides[{earlier}]; this later one wins.",
                )
            elif overlap and other.person == override.person:
                report.warning(
                    "override-both",
                    path,
                    f"{override.person} が同時に正と副です。副は次のメンバーになります。",
                    f"{override.person} is primary and secondary at once; "
                    "the next member becomes secondary.",
                )


def _check_loop(profile: Profile, name: str, path: str, report: Report) -> None:
    seen = [name]
    at = profile.channels[name].fallback
    while at in profile.channels and at not in seen:
        seen.append(at)
        at = profile.channels[at].fallback
    if at == name:
        chain = " → ".join([*seen, name])
        report.error(
            "fallback-loop",
            path,
            f"代替チャンネルが循環しています: {chain}",
            f"the fallbacks go round in a circle: {chain}",
        )


def _check_complete(channel: Channel, path: str, report: Report) -> None:
    wrong = None
    if isinstance(channel, SlackChannel):
        if not channel.webhook_secret and not channel.token_secret:
            wrong = ("webhook_secret か token_secret", "webhook_secret or token_secret")
        elif channel.token_secret and not channel.channel:
            wrong = ("channel（token_secret には必須）", "channel (token_secret requires it)")
    elif isinstance(channel, WebhookChannel):
        if bool(channel.url) == bool(channel.url_secret):
            wrong = ("url か url_secret のどちらか一つ", "either url or url_secret")
        if channel.url and not channel.url.startswith(("https://", "http://")):
            report.error(
                "wrong-value",
                f"{path}.url",
                "https:// で始まる URL が必要です。",
                "expected a URL that begins with https://.",
            )
        if "hooks.slack.com/" in channel.url:
            report.error(
                "secret-name",
                f"{path}.url",
                "Slack の Webhook URL は秘密です。url_secret を使ってください。",
                "a Slack webhook URL is a secret: use url_secret.",
            )
    elif isinstance(channel, EmailChannel):
        for number, address in enumerate(channel.to):
            if not _ADDRESS.fullmatch(address):
                _not_an_address(f"{path}.to[{number}]", address, report)
        if channel.sender and not _ADDRESS.fullmatch(channel.sender):
            _not_an_address(f"{path}.sender", channel.sender, report)
    if wrong is not None:
        report.error("incomplete", path, f"{wrong[0]}が必要です。", f"it needs {wrong[1]}.")


def _not_an_address(path: str, address: str, report: Report) -> None:
    report.error(
        "wrong-value",
        path,
        f"メールアドレスではありません: {address!r}",
        f"not an email address: {address!r}.",
    )


def _targets(profile: Profile) -> list[str]:
    found = [target for severity in profile.severities for target in severity.notify]
    found += [t for policy in profile.escalation for step in policy.steps for t in step.notify]
    return found


def _used_channels(profile: Profile) -> set[str]:
    used = {t.removeprefix("channel:") for t in _targets(profile) if t.startswith("channel:")}
    used.update(channel for severity in profile.severities for channel in severity.via)
    used.update(c for policy in profile.escalation for step in policy.steps for c in step.via)
    used.update(channel.fallback for channel in profile.channels.values())
    return used


def _used_people(profile: Profile) -> Counter[str]:
    return Counter(person for t in _targets(profile) for person in people_meant(profile, t))
