"""
The way in for the command line: a command as JSON, with the caller's ID token.

``Authorization: Bearer <ID token>``; the body says what is wanted of which subject::

    {"id": "a nonce", "at": "2026-11-24T03:00:00Z", "subject": "incidents/inc-7",
     "action": "acknowledge", "seen": 3}

The same `id` of the same caller is the same command, however often it is sent. ``dead-letters/*``
can be asked to be redriven: nothing is decided by that, so the log line is all that tells of it.
"""

from __future__ import annotations

import re
from typing import Any

from toban.events import ACTIONS, CommandIssued, RedriveDue
from toban.kernel import log
from toban.kernel.command import log_command, may
from toban.kernel.edge import fields as read
from toban.kernel.edge.http import Request, Response, answer
from toban.kernel.edge.row import (
    Answers,
    AuthContext,
    AuthenticatedRequest,
    IngressResult,
    RequestRefused,
    Row,
    RowRequest,
    SettingMissing,
)
from toban.kernel.event import Body, Event, timestamp
from toban.kernel.ids import derive
from toban.kernel.secrecy.masking import mask

FIELDS = ("id", "at", "subject", "action", "seen", "note", "severity_label", "arguments")
MAX_NOTE = 2_000
MAX_ID = 100
MOST_ARGUMENTS = 20
MAX_ARGUMENT = 1_000
DEAD_LETTERS = "dead-letters/*"
_SUBJECT = re.compile(r"[a-z-]+/(\*|[A-Za-z0-9][A-Za-z0-9._:/-]{0,199})")


def _check(request: Request, keys: AuthContext) -> str:
    """The caller's address."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RequestRefused("no ID token")
    if keys.identify is None:
        raise SettingMissing("TOBAN_ACTORS")
    return keys.identify(token.strip(), keys.now)


def _read(sent: AuthenticatedRequest[str]) -> IngressResult:
    body = read.as_object(sent.content, "")
    for name in body:
        if name not in FIELDS:
            raise read.InvalidField(f"{name[:80]}: unknown key")
    nonce = read.required_text(body, "id", "")
    if len(nonce) > MAX_ID:
        raise read.InvalidField(f"id: expected at most {MAX_ID} characters")
    at = read.rfc3339(body, "at", "")
    if at is None:
        raise read.InvalidField("at: is missing")
    subject = read.strict_text(body, "subject", "")
    if not _SUBJECT.fullmatch(subject):
        raise read.InvalidField("subject: expected a thing of ours, as incidents/inc-7")
    if subject == DEAD_LETTERS:
        return _redrive(sent, nonce)
    actions = ACTIONS.get(subject.partition("/")[0])
    if actions is None:  # nobody would handle it
        raise read.InvalidField(f"subject: expected a thing of {', '.join(ACTIONS)}")
    wanted = read.strict_text(body, "action", "")
    action = next((each for each in actions if each == wanted), None)
    if action is None:
        raise read.InvalidField(f"action: expected one of {', '.join(actions)}")
    command = CommandIssued(
        about=subject,
        incident_id=subject.partition("/")[2] if subject.startswith("incidents/") else "",
        action=action,
        actor=sent.who,
        proof=f"google:{sent.who}",
        via="cli",
        at=at,
        note=mask(read.strict_text(body, "note", ""))[:MAX_NOTE],
        severity_label=read.strict_text(body, "severity_label", "")[:MAX_ID],
        generation=_seen(body),
        arguments=_arguments(body),
    )
    return IngressResult([_event(command, sent, nonce)])


def _event(body: Body, sent: AuthenticatedRequest[str], nonce: str) -> Event:
    id_ = derive("command", sent.who, nonce)
    return Event.first(id_, "/ingress/command", sent.now, body)


def _redrive(sent: AuthenticatedRequest[str], nonce: str) -> IngressResult:
    """Dead letters are looked at now instead of within ten minutes."""
    if sent.content.get("action") != "redrive":
        raise read.InvalidField("action: expected redrive")
    if not may(sent.who, f"google:{sent.who}", "redrive"):
        raise read.InvalidField("action: it needs an actor who is proven")
    return IngressResult([_event(RedriveDue(), sent, nonce)])


def _arguments(body: dict[str, Any]) -> dict[str, str]:
    found = read.member(body, "arguments", "")
    if len(found) > MOST_ARGUMENTS:
        raise read.InvalidField(f"arguments: expected at most {MOST_ARGUMENTS}")
    for name in found:
        value = read.strict_text(found, name, "arguments")
        if len(name) + len(value) > MAX_ARGUMENT:
            raise read.InvalidField(f"arguments: expected at most {MAX_ARGUMENT} characters in one")
        if mask(value or "") != (value or ""):
            raise read.InvalidField("arguments: one holds a credential; name a secret instead")
    return {name: value or "" for name, value in found.items()}


def _seen(body: dict[str, Any]) -> int | None:
    seen = body.get("seen")
    if seen is None or (isinstance(seen, int) and not isinstance(seen, bool) and seen >= 0):
        return seen
    raise read.InvalidField("seen: expected the number of the version, or null")


class _Said(Answers):
    """JSON; what is refused leaves the log line of a command."""

    def accepted(self, asked: RowRequest, reading: IngressResult) -> Response:
        """
        Also says when, as that names what is begun (a backup by hand).

        A redrive leaves its line here, when it is on its way: no function that has a part in it
        knows who asked.
        """
        ids = [event.id for event in reading.events]
        for event in reading.events:
            if isinstance(event.body, RedriveDue):
                log_command(
                    actor=asked.who,
                    proof=f"google:{asked.who}",
                    action="redrive",
                    subject=DEAD_LETTERS,
                    outcome="done",
                    correlation_id=event.id,
                )
        log.info("command accepted", source=asked.row.source, actor=asked.who, events=ids)
        return answer(200, accepted=len(ids), events=ids, at=timestamp(asked.now))

    def refused(self, asked: RowRequest, status: int, cause: Exception) -> Response:
        said = asked.content if isinstance(asked.content, dict) else {}
        actor = asked.who or ""
        log_command(
            actor=actor,
            proof=f"google:{actor}",
            action=_word(said.get("action")),
            subject=_word(said.get("subject")),
            outcome="refused",
            reason=str(cause),
        )
        if status == 401:
            return Response(401, headers={"WWW-Authenticate": asked.row.challenge})
        told = cause.told if isinstance(cause, RequestRefused) else str(cause)
        return self.say(status, told, asked.request)


def _word(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


command_row = Row("/command", "", _check, _read, _Said("command"), 'Bearer realm="toban"')
