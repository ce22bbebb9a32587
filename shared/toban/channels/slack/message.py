"""The content of a Slack message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from toban.channels.notice import Notice, PreparedNotification
from toban.channels.slack import blocks
from toban.channels.slack.kind import SlackChannel
from toban.channels.texts import text
from toban.kernel.outgoing import Outgoing, Rendition


@dataclass(frozen=True, kw_only=True)
class SlackMessage(Outgoing):
    """A message that is sent to Slack, by incoming webhook or by bot token."""

    webhook_secret: str = ""
    token_secret: str = ""
    channel: str = ""
    text: str
    """For push notifications and screen readers; escaped."""
    blocks: list[Mapping[str, Any]]
    details: list[Mapping[str, Any]] = field(default_factory=list)
    """Blocks beside a bar of `color`."""
    color: str = ""
    repetition: Mapping[str, Any] | None = None
    """Block to show when it cannot be ruled out that the message is there already."""
    thread: str = ""
    """Reference (``channel/ts``) of the first message of the incident to the same target."""
    update: bool = False
    """Change that first message instead of answering it."""

    @property
    def destination(self) -> tuple[str, ...]:
        """The token, or the webhook."""
        return ("slack", self.token_secret or self.webhook_secret)

    def body(self, *, repeated: bool = False) -> dict[str, Any]:
        """Return the message itself, the same for all three ways it is sent."""
        details: list[Mapping[str, Any]] = list(self.details)
        if repeated and self.repetition is not None:
            details.append(self.repetition)
        return {
            "text": self.text,
            "blocks": list(self.blocks),
            "attachments": [{"color": self.color, "blocks": details, "fallback": self.text}],
            "unfurl_links": False,
            "unfurl_media": False,
        }

    def rendition(self) -> Rendition:
        """Return its blocks in words, and the JSON that would be posted."""
        return Rendition(
            to=self.channel or f"(secret {self.token_secret or self.webhook_secret})",
            subject=blocks.unescaped(self.text),
            text=blocks.in_words([*self.blocks, *self.details]),
            payload=msgspec.json.format(msgspec.json.encode(self.body())).decode(),
        )


def message(channel: SlackChannel, sending: PreparedNotification) -> SlackMessage:
    """Return the message for a notification."""
    notice = sending.notice
    members = [each.address for each in sending.request.together] or [sending.address]
    mention = " ".join(filter(None, (mention_of(member, notice) for member in members)))
    return SlackMessage(
        id=sending.id,
        incident=sending.incident,
        created_at=sending.created_at,
        unknown=sending.unknown,
        webhook_secret=channel.webhook_secret,
        token_secret=channel.token_secret,
        channel=channel.channel,
        text=fallback(notice, mention),
        blocks=list(above(notice, mention)),
        details=list(details(notice)),
        color=notice.color,
        repetition=blocks.context(blocks.plain(notice.repetition)),
        thread=sending.thread,
        update=not notice.calls,
    )


def mention_of(member: str, notice: Notice) -> str:
    """Return the mention of the person, where the message calls one and the id is a member's."""
    if not (notice.calls and member.isascii() and member.isalnum()):
        return ""
    return f"<@{member}>"


def fallback(notice: Notice, mention: str) -> str:
    """Return the headline escaped, with the mention, for push notifications."""
    return f"{mention} {blocks.escaped(notice.headline, 1000)}".strip()


def above(notice: Notice, mention: str) -> list[blocks.Block]:
    """Return the blocks above the coloured bar: who is meant, what happened."""
    line = f"{mention} {blocks.escaped(notice.service, 200)}".strip()
    return [
        blocks.header(f"{notice.severity} {notice.kind}: {notice.title}"),
        blocks.section(blocks.markup(line)),
    ]


def details(notice: Notice) -> list[blocks.Block]:
    """Return the blocks at the coloured bar: everything else."""
    found = [blocks.fields(row for row in notice.rows if row[1] != notice.number)]
    notes = [f"{text(notice.language, 'notice.next')}: {notice.hint}", *notice.notes]
    found.append(blocks.section(blocks.plain("\n".join(notes))))
    if notice.summary:
        found.append(blocks.section(blocks.plain(notice.summary)))
    links = [blocks.link(link.url, link.title) for link in (*notice.actions, *notice.links)]
    if links:
        found.append(blocks.section(blocks.markup(_joined(links))))
    if notice.labels:
        found.append(blocks.context(blocks.plain("  ".join(notice.labels), 800)))
    found.append(blocks.context(blocks.plain(f"#{notice.number}  {notice.footer}", 300)))
    return found


def _joined(links: Sequence[str]) -> str:
    """As many whole links as fit into one block."""
    kept: list[str] = []
    for link in links:
        if len("  |  ".join([*kept, link])) > blocks.MAX_TEXT:
            break
        kept.append(link)
    return "  |  ".join(kept) or "…"
