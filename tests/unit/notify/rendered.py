"""One notification in every form that the shipped kinds of channels give it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toban.channels.email.message import as_html, as_text
from toban.channels.section import CHANNELS
from toban.channels.slack import message as slack
from toban.channels.slack.kind import SlackChannel
from toban.events import Link, NotificationRequested
from toban.notify.render import notice_of
from toban.profile.profile import Profile


@dataclass(frozen=True)
class Rendered:
    subject: str
    headline: str
    text: str
    html: str
    fallback: str
    blocks: list[dict[str, Any]]
    details: list[dict[str, Any]]
    color: str
    number: str
    repetition: str


def render(
    request: NotificationRequested, profile: Profile, actions: Sequence[Link] = ()
) -> Rendered:
    notice = notice_of(request, profile, actions)
    # Others than Slack mention nobody.
    channel = profile[CHANNELS].get(request.channel)
    member = request.address if isinstance(channel, SlackChannel) else ""
    mention = slack.mention_of(member, notice)
    return Rendered(
        subject=notice.subject,
        headline=notice.headline,
        text=as_text(notice),
        html=as_html(notice),
        fallback=slack.fallback(notice, mention),
        blocks=slack.above(notice, mention),
        details=slack.details(notice),
        color=notice.color,
        number=notice.number,
        repetition=notice.repetition,
    )
