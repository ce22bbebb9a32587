"""
The ways in for commands.

A signed link is a row of its own kind: everything is in the address, GET asks and POST acts. Mail
scanners and chat previews open every link they see, so opening one must change nothing: GET answers
HTML that says how the incident is (`toban.actions.standing`), with one button, and only the POST
behind it publishes a command. Where others can read the link, too, the form asks for a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from toban.actions import html
from toban.actions.answering import answer_row
from toban.actions.commands import command_row
from toban.actions.link_answers import LinkAnswers
from toban.actions.standing import Asked, page_of, read
from toban.events import CommandIssued
from toban.kernel import log
from toban.kernel.command import log_command
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.links import ExpiredLink, SignedLink, verify
from toban.kernel.edge.row import (
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    Row,
    RowRequest,
)
from toban.kernel.edge.serve import Rows
from toban.kernel.event import Event
from toban.kernel.ids import body_hash, derive
from toban.texts import Language

SECRET = "LINK_SIGNING"  # noqa: S105 - the name of the secret
FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM: Final = 4_000
MAX_NAME: Final = 80
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)


def command(link: SignedLink, now: datetime, click: Click | None = None) -> Event:
    """
    Return the command that a link stands for, as it was clicked.

    Its id derives from everything that its body says and nothing else: a second click of the same
    page is the same event and has no second effect, and one id never stands for two bodies. The
    time of the click is the event's; the body's `at` is when the link was made.
    """
    click = click or Click(link.generation)
    body = CommandIssued(
        about=f"incidents/{link.incident}",
        incident_id=link.incident,
        action=link.action,
        actor=link.actor if link.person else click.name or link.actor,
        proof=f"link:{link.person}",
        via="link",
        at=datetime.fromtimestamp(link.iat, UTC),
        generation=click.seen,
    )
    id_ = derive("link-command", link.nonce, body_hash(msgspec.json.encode(body)))
    return Event.first(id_, "/ingress/action", now, body)


@dataclass(frozen=True)
class Click:
    """What the form behind a link adds to it."""

    seen: int
    """The generation that the page showed."""
    name: str = ""
    """Whom the reader of a link that others can read, too, says to be."""


def click_of(request: Request, link: SignedLink) -> Click:
    """Return what a form has sent; whatever is none counts as a click on the bare link."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = request.body or b""
    if kind != FORM or len(raw) > MAX_FORM:
        return Click(link.generation)
    try:
        fields = dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        return Click(link.generation)
    seen = fields.get("seen", "")
    name = "".join(c if c.isprintable() else " " for c in fields.get("name", ""))
    return Click(
        int(seen) if _NUMBER.fullmatch(seen) else link.generation, " ".join(name.split())[:MAX_NAME]
    )


class _HtmlAnswers(LinkAnswers):
    def expired(self, cause: Exception) -> Language | None:
        if not isinstance(cause, ExpiredLink):
            return None
        link = cause.link
        log_command(
            actor=link.actor,
            proof=f"link:{link.person}",
            action=link.action,
            subject=f"incidents/{link.incident}",
            seen=link.generation,
            outcome="stale",
            reason=str(cause),
        )
        return link.lang

    def accepted(self, asked: RowRequest, reading: IngressResult) -> Response:
        link: SignedLink = asked.who
        for event in reading.events:
            log.info(
                "command accepted by link",
                event_id=event.id,
                incident=link.incident,
                action=link.action,
                actor=link.actor,
            )
        click = click_of(asked.request, link)
        return _standing(link, asked.request, asked, Asked(click.seen))


def _check(request: Request, keys: AuthContext) -> SignedLink:
    payload, signature = request.query.get("c", ""), request.query.get("s", "")
    return verify(payload, signature, keys.secrets, keys.now)


def _look(sent: AuthenticatedRequest[SignedLink]) -> Response:
    query = sent.request.query
    asked = None
    if _NUMBER.fullmatch(query.get("asked", "")) and _NUMBER.fullmatch(query.get("seen", "")):
        asked = Asked(int(query["seen"]), int(query["asked"]))
    return _standing(sent.who, sent.request, sent, asked)


def _standing(
    link: SignedLink,
    request: Request,
    sent: AuthenticatedRequest[SignedLink] | RowRequest,
    asked: Asked | None,
) -> Response:
    documents = sent.documents() if sent.documents else None
    page = page_of(link, read(link, documents), sent.now, asked)
    return html.linked(
        link.lang, page, urlencode({name: request.query[name] for name in ("c", "s")})
    )


def _read(sent: AuthenticatedRequest[SignedLink]) -> IngressResult:
    """What was asked for; nothing of an incident that is not there, as the page says."""
    found = read(sent.who, sent.documents() if sent.documents else None)
    if found.incident is None and found.readable:
        log_command(
            actor=sent.who.actor,
            proof=f"link:{sent.who.person}",
            action=sent.who.action,
            subject=f"incidents/{sent.who.incident}",
            seen=sent.who.generation,
            outcome="refused",
            reason="there is no such incident",
        )
        return IngressResult([])
    return IngressResult([command(sent.who, sent.now, click_of(sent.request, sent.who))])


_HTML = _HtmlAnswers("command")


def _link(path: str) -> Row[SignedLink]:
    return Row(path, SECRET, _check, _read, _HTML, content=None, look=_look)


act = Rows(_link("/"), _link("/a"), answer_row, command_row, stranger=_HTML)
