"""The one-click links in a notification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from toban.events import Link, NotificationRequested
from toban.kernel.edge.answers import ANSWERABLE, AnswerLink, make_answer_link
from toban.kernel.edge.links import LinkAction, make_link
from toban.notify.identity import TEST, is_page
from toban.notify.texts import text
from toban.ports import Secrets

SIGNING = "LINK_SIGNING"
FUNCTION = "ingest_action"


class ActionLinks(Protocol):
    """
    The signed one-click links to offer in a notification first tried at a time; may be none.

    `person` (``person:aoki``): whose own address it goes to; empty: others may see it too, in
    `room`.
    """

    def __call__(
        self, request: NotificationRequested, at: datetime, person: str = "", room: str = ""
    ) -> Sequence[Link]:
        """The links."""


def no_links(*_asked: object, **_more: object) -> Sequence[Link]:
    """Return no links: there is no signing secret, or no public address."""
    return ()


def action_links(public_url: str, secrets: Secrets) -> ActionLinks:
    """
    Return what makes links to acknowledge, resolve and answer, signed with the newest ``LINK_SIGNING``.

    `public_url` is the address of all functions (``https://…``, without the function's name);
    without it, or without the secret, there are no links. A link acts in the name of the person
    to whose own address it was sent; one that others can read acts for "somebody in" the room,
    unless whoever clicks gives a name.
    """
    if not public_url:
        return no_links
    base = f"{public_url.rstrip('/')}/{FUNCTION}"

    def offer(
        request: NotificationRequested, at: datetime, person: str = "", room: str = ""
    ) -> Sequence[Link]:
        keys = secrets.values(SIGNING)
        if not keys:
            return ()
        incident = request.incident
        if request.kind == TEST:
            answer = AnswerLink(
                test=incident.id,
                channel=request.channel,
                name=request.target_name,
                person=person,
                iat=int(at.timestamp()),
                exp=int((at + ANSWERABLE).timestamp()),
                lang=request.language,
            )
            title = text(request.language, "notify.action.answer")
            return [Link(title, make_answer_link(base, answer, keys[0]))]
        wanted: list[LinkAction] = ["resolve"]
        # Who has it is asked to say so again; whoever sees only that it is taken, is not.
        if incident.status == "open" or is_page(request.kind):
            wanted.insert(0, "acknowledge")
        actor = request.target_name or request.target
        if not person:
            actor = text(request.language, "notify.somebody", room=room or request.channel)
        return [
            Link(
                text(request.language, f"notify.action.{action}"),
                make_link(
                    base,
                    incident.id,
                    action,
                    actor,
                    incident.generation,
                    at,
                    keys[0],
                    request.language,
                    person=person,
                ),
            )
            for action in wanted
        ]

    return offer
