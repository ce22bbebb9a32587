"""Slack as a kind of channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from toban.channels.base import Channel
from toban.channels.slack.texts import both
from toban.strictyaml.report import Report
from toban.strictyaml.values import SecretName


class SlackChannel(Channel, frozen=True, tag="slack", tag_field="type"):
    """A Slack channel by incoming webhook, or by bot token and `channel` (chat.postMessage)."""

    RANK: ClassVar[int] = 10

    webhook_secret: SecretName = ""
    """Secret with the incoming webhook URL, e.g. ``SLACK_WEBHOOK_CRITICAL``."""
    token_secret: SecretName = ""
    """Secret with a bot token, e.g. ``SLACK_BOT_TOKEN``; then messages are updated in place."""
    channel: str = ""

    def reaches(self, addresses: Mapping[str, str]) -> str:
        """Return the member to mention; the message is visible without one."""
        return addresses.get("slack", "")

    def notices(self, addresses: Mapping[str, str]) -> bool:
        """Return whether a member is mentioned: nobody else's phone tells of the message."""
        return bool(self.reaches(addresses))

    def named(self, id: str) -> str:
        """Return the channel's name in Slack, where the profile says it."""
        return self.channel or id

    @property
    def shared(self) -> bool:
        """Return True: whoever is called is mentioned in the one channel."""
        return True

    @property
    def updates_in_place(self) -> bool:
        """Return whether messages can be changed: not by incoming webhooks."""
        return bool(self.token_secret)

    def lacks(self, is_set: Callable[[str], bool]) -> str:
        """Return a secret that is not set, where neither of the two ways is open."""
        named = [name for name in (self.token_secret, self.webhook_secret) if name]
        return "" if any(is_set(name) for name in named) else "".join(named[:1])

    def check(self, path: str, report: Report) -> None:
        """See `Channel.check`."""
        if not self.webhook_secret and not self.token_secret:
            report.incomplete(path, both("finding.slack.secret"))
        elif self.token_secret and not self.channel:
            report.incomplete(path, both("finding.slack.channel"))
