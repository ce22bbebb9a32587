"""
The way in for the answer to a test page: the link in one of its messages.

As behind any signed link GET only shows a page, with one button, and the POST behind that publishes a
command; the page claims what is recorded. A second tap is the same event. The link says by which
channel it was sent: that one has reached somebody, whoever they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from toban.actions import html
from toban.actions.link_answers import LinkAnswers
from toban.actions.standing import LOOKS, ZONES, LinkPage
from toban.actions.texts import text
from toban.events import CommandIssued
from toban.kernel import log
from toban.kernel.command import log_command
from toban.kernel.documents import Documents
from toban.kernel.edge.answers import PATH, AnswerLink, ExpiredAnswer, verify_answer
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.row import (
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    Row,
    RowRequest,
)
from toban.kernel.event import Event
from toban.kernel.i18n import moment
from toban.kernel.ids import derive
from toban.ports import Unavailable
from toban.testpages.documents import PageTest
from toban.texts import Language

_NUMBER: Final = re.compile(r"[0-9]", re.ASCII)
ACTION: Final = "answer"


def answer(link: AnswerLink, now: datetime) -> Event:
    """Return the command that a link stands for; the same one however often it is tapped."""
    body = CommandIssued(
        about=f"test-pages/{link.test}",
        action=ACTION,
        actor=link.name,
        proof=f"link:{link.person}",
        via="link",
        at=datetime.fromtimestamp(link.iat, UTC),
        arguments={"channel": link.channel},
    )
    id_ = derive("answer", link.test, link.channel, link.person, link.name, str(link.iat))
    return Event.first(id_, "/ingress/answer", now, body)


def page_of(
    link: AnswerLink, documents: Documents | None, now: datetime, looks: int | None = None
) -> LinkPage:
    """Return what the page says; `looks`: it was tapped, and has looked so often since."""
    test, readable = None, documents is not None
    try:
        test = None if documents is None else documents.get(PageTest, link.test)
    except Unavailable:
        readable = False
    lang = link.lang
    rows = [(text(lang, "answer.for"), link.name), (text(lang, "answer.by"), link.channel)]
    if test is None and readable:
        more = text(lang, "answer.missing.more", test=link.test)
        return LinkPage(title=text(lang, "answer.missing"), notes=[more], status=404)
    known = () if test is None else test.contacts
    at = next((each.answered_at for each in known if each.channel == link.channel), None)
    if at is not None:
        rows.append((text(lang, "answer.at"), moment(lang, at, ZONES[lang])))
        notes = [text(lang, "answer.done.more")]
        return LinkPage(title=text(lang, "answer.done"), rows=rows, notes=notes)
    if looks is not None and looks < LOOKS:
        note = text(lang, "link.asked.more")
        return LinkPage(
            title=text(lang, "link.asked"),
            rows=rows,
            notes=[note],
            look_in=1 + looks,
            looks=looks + 1,
        )
    if looks is not None:
        title, notes = text(lang, "link.slow"), [text(lang, "answer.slow.more")]
    else:
        title, notes = text(lang, "answer.ask"), [text(lang, "answer.ask.more")]
    end = moment(lang, datetime.fromtimestamp(link.exp, now.tzinfo), ZONES[lang])
    button = "answer.button" if link.person else "answer.button.shared"
    return LinkPage(
        title=title,
        rows=rows,
        notes=notes if link.person else [*notes, text(lang, "answer.shared", name=link.name)],
        until=f"{text(lang, 'link.until')}: {end}",
        button=text(lang, button, name=link.name),
    )


class _AnswerPages(LinkAnswers):
    def expired(self, cause: Exception) -> Language | None:
        if not isinstance(cause, ExpiredAnswer):
            return None
        link = cause.link
        log_command(
            actor=link.name,
            proof=f"link:{link.person}",
            action=ACTION,
            subject=f"test-pages/{link.test}",
            outcome="stale",
            reason=str(cause),
        )
        return link.lang

    def accepted(self, asked: RowRequest, reading: IngressResult) -> Response:
        link: AnswerLink = asked.who
        for event in reading.events:
            log.info("test page answered by link", event_id=event.id, test=link.test)
        return _shown(link, asked.request, asked.now, asked.documents, 0)


def _check(request: Request, keys: AuthContext) -> AnswerLink:
    payload, signature = request.query.get("c", ""), request.query.get("s", "")
    return verify_answer(payload, signature, keys.secrets, keys.now)


def _look(sent: AuthenticatedRequest[AnswerLink]) -> Response:
    asked = sent.request.query.get("asked", "")
    looks = int(asked) if _NUMBER.fullmatch(asked) else None
    return _shown(sent.who, sent.request, sent.now, sent.documents, looks)


def _shown(
    link: AnswerLink,
    request: Request,
    now: datetime,
    documents: Callable[[], Documents] | None,
    looks: int | None,
) -> Response:
    page = page_of(link, documents() if documents else None, now, looks)
    query = urlencode({name: request.query[name] for name in ("c", "s")})
    return html.linked(link.lang, page, query)


def _read(sent: AuthenticatedRequest[AnswerLink]) -> IngressResult:
    return IngressResult([answer(sent.who, sent.now)])


answer_row: Final = Row(
    PATH, "LINK_SIGNING", _check, _read, _AnswerPages("command"), content=None, look=_look
)
