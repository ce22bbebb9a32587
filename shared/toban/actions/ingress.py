"""
The ways in for commands.

A signed link is a row of its own kind: everything is in the address, GET asks and POST acts. Mail
scanners and chat previews open every link they see, so opening one must change nothing: GET answers
HTML with one button, and only the POST behind it publishes a command.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from toban.actions import html
from toban.actions.commands import command_row
from toban.events import CommandIssued
from toban.kernel import log
from toban.kernel.command import log_command
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.links import ExpiredLink, Language, SignedLink, verify
from toban.kernel.edge.row import (
    Answers,
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    Row,
    RowRequest,
)
from toban.kernel.edge.serve import Rows
from toban.kernel.event import Event
from toban.kernel.ids import derive

SECRET = "LINK_SIGNING"  # noqa: S105 - the name of the secret


def command(link: SignedLink, now: datetime) -> Event:
    """
    Return the command that a link stands for.

    Its id derives from the link and its body has nothing of the click, so a second click is the
    same event and has no second effect. The time of the click is the event's; the body's `at`
    is when the link was made.
    """
    # Not ("link", …) as in the release before: its body for the same link was another, and one id
    # stands for one body.
    id_ = derive("link-command", link.nonce, link.action)
    body = CommandIssued(
        about=f"incidents/{link.incident}",
        incident_id=link.incident,
        action=link.action,
        actor=link.actor,
        proof=f"link:{link.person}",
        via="link",
        at=datetime.fromtimestamp(link.iat, UTC),
        generation=link.generation,
    )
    return Event(
        id=id_,
        source="/ingress/action",
        time=now,
        subject=body.subject(),
        body=body,
        correlation_id=id_,
    )


class _HtmlAnswers(Answers):
    """Answers in HTML, in the language of the link, else of the browser."""

    def say(self, status: int, error: str, request: Request, **more: Any) -> Response:  # noqa: ARG002 people are told no detail
        return _said(status, _language(request))

    def refused(self, asked: RowRequest, status: int, cause: Exception) -> Response:
        if isinstance(cause, ExpiredLink):
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
            return html.message(410, link.lang, "expired")
        log_command(proof="link:", outcome="refused", reason=str(cause))
        return _said(status, _language(asked.request))

    def unavailable(self, asked: RowRequest, cause: Exception) -> Response:
        log.error("command not accepted: bus unavailable", error=cause)
        return _said(503, asked.who.lang)

    def accepted(self, asked: RowRequest, reading: IngressResult) -> Response:
        link: SignedLink = asked.who
        log.info(
            "command accepted by link",
            event_id=reading.events[0].id,
            incident=link.incident,
            action=link.action,
            actor=link.actor,
        )
        return html.done(link)


def _said(status: int, language: Language) -> Response:
    return html.message(status, language, "later" if status == 503 else "refused")


def _language(request: Request) -> Language:
    """For a page without a link to tell it: Japanese where the browser asks for it first."""
    wanted = request.headers.get("accept-language", "").strip().lower()
    return "ja" if wanted.startswith("ja") else "en"


def _check(request: Request, keys: AuthContext) -> SignedLink:
    payload, signature = request.query.get("c", ""), request.query.get("s", "")
    return verify(payload, signature, keys.secrets, keys.now)


def _look(sent: AuthenticatedRequest[SignedLink]) -> Response:
    signed = {name: sent.request.query[name] for name in ("c", "s")}
    return html.confirm(sent.who, urlencode(signed))


def _read(sent: AuthenticatedRequest[SignedLink]) -> IngressResult:
    return IngressResult([command(sent.who, sent.now)])


_HTML = _HtmlAnswers("command")


def _link(path: str) -> Row[SignedLink]:
    return Row(path, SECRET, _check, _read, _HTML, content=None, look=_look)


act = Rows(_link("/"), _link("/a"), command_row, stranger=_HTML)
