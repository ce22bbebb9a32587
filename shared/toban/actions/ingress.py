"""
Where signed links lead: GET asks, POST acts.

Mail scanners and chat previews open every link they see, so opening one must change nothing: GET
answers a page with one button, and only the POST behind it publishes a command.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from toban.actions import pages
from toban.events import CommandIssued
from toban.kernel import log
from toban.kernel.event import Event, utc
from toban.kernel.http import Edge, Request, Response
from toban.kernel.ids import derive
from toban.kernel.links import BadLink, ExpiredLink, Language, Link, verify
from toban.ports import Unavailable

SECRET = "LINK_SIGNING"  # noqa: S105 - the name of the secret
_PATHS = frozenset({"", "/", "/a"})
_METHODS = ("GET", "HEAD", "POST")


def act(request: Request, edge: Edge) -> Response:
    """
    Show what a link would do (GET), or do it (POST).

    Answers 200, 403 (not a link of ours; no detail), 404, 405, 410 (its time is over), and 503
    when the bus has not taken the command or the secret is not set.
    """
    language = _language(request)
    if request.path not in _PATHS:
        return pages.message(404, language, "refused")
    if request.method not in _METHODS:
        return Response(405, headers={"Allow": ", ".join(_METHODS)})
    secrets = [secret for secret in edge.secrets.values(SECRET) if secret]
    if not secrets:
        log.error(f"secret {SECRET} is not set", missing=SECRET)
        return pages.message(503, language, "later")
    payload, signature = request.query.get("c", ""), request.query.get("s", "")
    now = utc(edge.clock.now())
    try:
        link = verify(payload, signature, secrets, now)
    except BadLink as refused:
        log.security("link refused", reason=str(refused))
        return pages.message(403, language, "refused")
    except ExpiredLink as expired:
        log.info("link expired", incident=expired.link.incident, action=expired.link.action)
        return pages.message(410, expired.link.lang, "expired")
    if request.method != "POST":
        return pages.confirm(link, urlencode({"c": payload, "s": signature}))
    event = command(link, now)
    try:
        edge.publish([event])
    except Unavailable as error:
        log.error("command not accepted: the bus is unavailable", error=error)
        return pages.message(503, link.lang, "later")
    log.info(
        "command accepted by link",
        event_id=event.id,
        incident=link.incident,
        action=link.action,
        actor=link.actor,
    )
    return pages.done(link)


def command(link: Link, now: datetime) -> Event:
    """
    The command a link stands for.

    Its id derives from the link and its body has nothing of the click, so a second click is the
    same event and has no second effect. The time of the click is the event's; the body's `at` is
    when the link was made.
    """
    id_ = derive("link", link.nonce, link.action)
    body = CommandIssued(
        incident_id=link.incident,
        action=link.action,
        actor=link.actor,
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


def _language(request: Request) -> Language:
    """For a page without a link to tell it: Japanese where the browser asks for it first."""
    wanted = request.headers.get("accept-language", "").strip().lower()
    return "ja" if wanted.startswith("ja") else "en"
