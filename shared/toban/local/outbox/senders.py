"""
The outbox: what `toban dev` would have sent by channels that are not configured, as it would have looked.

A file for each message below ``outbox/`` of the data directory. A channel that is configured is
always called, and so is one that stands in for another (its ``fallback``): a message is kept only
where no way out of this machine is open. No deployed function has any of this.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from toban.channels.config import read_config
from toban.channels.section import CHANNELS
from toban.channels.senders import ChannelSenders
from toban.incidents.documents import Incident
from toban.kernel import log
from toban.kernel.documents import Documents
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing, Senders
from toban.kernel.platform import Platform
from toban.kernel.work import clock_now
from toban.local.outbox.kept import Outbox, OutboxMessage, outbox_of
from toban.notify.documents import Notification
from toban.oncall.targets import next_channel
from toban.ports import Secrets
from toban.profile.profile import Profile
from toban.profile.store import applied, current, pinned


class OutboxSenders:
    """The `Senders` of a data directory: they keep what no configured channel can send."""

    def __init__(
        self,
        inner: Senders,
        outbox: Outbox,
        platform: Platform,
        secrets: Secrets,
        environ: Mapping[str, str],
    ) -> None:
        """`environ`: where variables are looked for (`toban.channels.base.Channel.lacks`)."""
        self._inner = inner
        self._outbox = outbox
        self._platform = platform
        self._is_set = _IsSet(secrets, environ)

    def send(self, outgoing: Outgoing) -> Result:
        """Send, or keep what cannot be sent; see `Senders.send`."""
        documents = self._platform.documents()
        (notification,) = documents.get_many(Notification, [outgoing.id])
        lacks = "" if notification is None else self._lacks(notification, documents)
        if notification is None or not lacks:
            return self._inner.send(outgoing)
        shown = outgoing.rendition()
        message = OutboxMessage(
            id=outgoing.id,
            at=clock_now(self._platform.clock),
            service=notification.service,
            incident=notification.incident,
            channel=notification.channel,
            kind=notification.kind,
            target_name=notification.target_name,
            lacks=lacks,
            to=shown.to,
            subject=shown.subject,
            text=shown.text,
            html=shown.html,
            payload=shown.payload,
        )
        try:
            self._outbox.keep(message)
        except OSError as error:
            return Failed(f"outbox: {error.strerror or error}", retryable=True)
        log.warning(
            f"OUTBOX, not sent ({lacks} is not set): {shown.subject}",
            notification=outgoing.id,
            incident=notification.incident,
            target=f"{notification.target_name} ({notification.channel})",
        )
        return Done(outbox=True)

    def _lacks(self, notification: Notification, documents: Documents) -> str:
        """What is wanting for the channel of a notification, where no other way is open; else empty."""
        profile = _profile_of(notification, documents)
        if profile is None:
            return ""
        lacks, instead = _wanting(profile, notification.channel, self._is_set)
        return "" if instead else lacks  # it fails, as it would anywhere, and the other is called


def _wanting(profile: Profile, name: str, is_set: Callable[[str], bool]) -> tuple[str, str]:
    """What a channel lacks, and which other one is called in its place; each empty where there is none."""
    channel = profile[CHANNELS].get(name)
    lacks = "" if channel is None else channel.lacks(is_set)
    tried = [name]
    while lacks and (following := next_channel(profile, tried[-1], tried)) is not None:
        other = profile[CHANNELS][following]
        if other.LEAVES and not other.lacks(is_set):
            return lacks, following
        tried.append(following)
    return lacks, ""


@dataclass(frozen=True)
class _IsSet:
    """Whether a secret (by its name) or a variable (``TOBAN_…``) has a value."""

    secrets: Secrets
    environ: Mapping[str, str]

    def __call__(self, name: str) -> bool:
        if name.startswith("TOBAN_"):
            return bool(self.environ.get(name))
        return any(self.secrets.values(name))


def _profile_of(notification: Notification, documents: Documents) -> Profile | None:
    """The profile that a notification was made by: of its incident, else the present one."""
    (incident,) = documents.get_many(Incident, [notification.incident])
    if incident is not None:
        return pinned(documents, incident.service, incident.profile_version)
    present = current(documents).get(notification.service)
    return None if present is None else present.profile


class Unset(NamedTuple):
    """What channels of the applied profiles lack, and what becomes of their messages."""

    kept: list[str]
    """In the outbox, if there is one: ``TOBAN_SMTP_HOST (mail)``."""
    replaced: list[str]
    """By the channel that follows: ``SLACK_WEBHOOK_S2 (slack-s2 → mail)``."""


def unset_channels(documents: Documents, secrets: Secrets, environ: Mapping[str, str]) -> Unset:
    """Return the channels of the applied profiles that cannot send."""
    is_set = _IsSet(secrets, environ)
    kept: dict[str, dict[str, None]] = {}
    replaced: dict[str, dict[str, None]] = {}
    for profile in applied(documents).values():
        for name in profile[CHANNELS]:
            lacks, instead = _wanting(profile, name, is_set)
            if lacks and instead:
                replaced.setdefault(lacks, {})[f"{name} → {instead}"] = None
            elif lacks:
                kept.setdefault(lacks, {})[name] = None
    return Unset(_listed(kept), _listed(replaced))


def _listed(found: Mapping[str, Iterable[str]]) -> list[str]:
    return [f"{lacks} ({', '.join(names)})" for lacks, names in sorted(found.items())]


def outbox_senders(data: Path, platform: Platform, secrets: Secrets) -> Senders | None:
    """
    Return the senders of a data directory; None where ``TOBAN_OUTBOX=false`` wants none kept.

    Raises as `toban.channels.config.read_config` does.
    """
    config = read_config()
    if not config.outbox:
        return None
    inner = ChannelSenders(config, secrets, platform.clock)
    return OutboxSenders(inner, outbox_of(data), platform, secrets, os.environ)
