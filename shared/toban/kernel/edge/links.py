"""
Signed links: the holder may do one thing with one incident, for a limited time.

A link is ``…/a?c=<payload>&s=<signature>``: the payload is base64url of a small JSON object, the
signature HMAC-SHA256 over the payload as it stands in the link, so nothing is decoded before its
signature is verified. All functions are pure: no clock, no randomness, no I/O. The same arguments
give the same link, so a notification that is sent again has the same text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar, get_args
from urllib.parse import urlencode

import msgspec

from toban.kernel.edge.row import RequestRefused
from toban.kernel.event import utc
from toban.kernel.ids import derive
from toban.kernel.prepared import from_json

LinkAction = Literal["acknowledge", "resolve", "reopen", "escalate"]
"""What a single click can ask for; a note or a severity needs something typed."""
Language = Literal["ja", "en"]

T = TypeVar("T", bound=msgspec.Struct)

LIFETIME = timedelta(days=7)
MAX_PAYLOAD = 2048
"""Characters; a longer one was not made here and is not looked at."""

# Keeps this use of the key apart from any other MAC made with it.
_PURPOSE = b"toban-link-v1\n"


class SignedLink(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The payload of a signed link."""

    incident: str
    action: LinkAction
    actor: str
    """Who it was sent to: the command is theirs."""
    generation: int
    """The incident's generation when the link was made: an old link does nothing to a new turn."""
    exp: int
    """Unix seconds after which it does nothing."""
    nonce: str
    """Names the link; what stands before a dot is whose own address it was sent to (`person`)."""
    iat: int
    """Unix seconds when it was made."""
    lang: Language = "ja"

    @property
    def person(self) -> str:
        """
        Return whose own address it was sent to (``person:aoki``); empty: others can read it
        too.

        It is kept in the nonce and not in a field: the release before refuses a link with a
        field that it does not know, and both may answer while one replaces the other.
        """
        return self.nonce.rpartition(".")[0]


class BadLink(RequestRefused):
    """The link is forged, damaged, or signed with a secret that is no longer valid."""

    status = 403


class ExpiredLink(RequestRefused):
    """The link is valid but has expired."""

    status = 410

    def __init__(self, link: SignedLink) -> None:
        super().__init__("the link has expired")
        self.link = link


def _mac(payload: str, secret: str, purpose: bytes = _PURPOSE) -> str:
    digest = hmac.new(secret.encode(), purpose + payload.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def sign(link: msgspec.Struct, secret: str, purpose: bytes = _PURPOSE) -> str:
    """
    Return the query part of the URL, ``c=…&s=…``, to put behind a ``?``.

    What is signed for one purpose is nothing for another. Raises `ValueError` for an empty secret
    or a link that would be too long.
    """
    if not secret:
        raise ValueError("an empty secret signs nothing")
    raw = msgspec.json.encode(link)
    payload = base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"the link would carry {len(payload)} characters, at most {MAX_PAYLOAD}")
    return urlencode({"c": payload, "s": _mac(payload, secret, purpose)})


def verify(payload: str, signature: str, secrets: Sequence[str], now: datetime) -> SignedLink:
    """
    Return the link after checking its signature and its time.

    Several secrets are valid while one is being rotated. Raises `BadLink`, and `ExpiredLink`
    once `now` has reached the link's end.
    """
    link = opened(payload, signature, secrets, SignedLink, _PURPOSE)
    if utc(now).timestamp() >= link.exp:
        raise ExpiredLink(link)
    return link


def opened(
    payload: str, signature: str, secrets: Sequence[str], kind: type[T], purpose: bytes
) -> T:
    """
    Return what was signed for a purpose, whether it has expired or not.

    Raises `BadLink` for anything else.
    """
    if len(payload) > MAX_PAYLOAD or not payload.isascii():
        raise BadLink("the payload is not one of ours")
    given = signature.encode("utf-8", "surrogatepass")
    # Every secret is tried, whichever fits: the time taken does not tell which one is in use.
    matches = [hmac.compare_digest(_mac(payload, s, purpose).encode(), given) for s in secrets if s]
    if not any(matches):
        raise BadLink("the signature does not fit")
    try:
        raw = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        return from_json(raw, kind)
    except (binascii.Error, msgspec.DecodeError) as error:
        raise BadLink("signed by us, but not a link") from error


def make_link(
    base_url: str,
    incident_id: str,
    action: LinkAction,
    actor: str,
    generation: int,
    now: datetime,
    secret: str,
    language: Language,
    *,
    person: str = "",
    lifetime: timedelta = LIFETIME,
) -> str:
    """
    Return a link for one person to do one thing with an incident.

    `base_url` is where `ingest_action` answers (``https://…/ingest_action``), `actor` the
    person (or channel) it is sent to, `generation` the incident's, `now` the time of making it,
    `person` (``person:aoki``) whose own address it is sent to, if it is. The same arguments
    give the same link. Raises `ValueError` for an action that a click cannot express.
    """
    if action not in get_args(LinkAction):
        raise ValueError(f"no link for {action!r}: it needs more than a click")
    made = int(utc(now).timestamp())
    expires = made + int(lifetime.total_seconds())
    name = derive("link", incident_id, action, actor, str(generation), str(made))
    link = SignedLink(
        incident=incident_id,
        action=action,
        actor=actor,
        generation=generation,
        exp=expires,
        iat=made,
        nonce=f"{person}.{name}" if person else name,
        lang=language,
    )
    return f"{base_url.rstrip('/')}/a?{sign(link, secret)}"
