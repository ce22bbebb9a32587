"""The content of a webhook's call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import msgspec

from toban.channels.notice import PreparedNotification
from toban.channels.webhook.kind import WebhookChannel
from toban.events import IncidentSnapshot
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import timestamp
from toban.kernel.outgoing import Outgoing, Rendition
from toban.kernel.prepared import from_json


@dataclass(frozen=True, kw_only=True)
class WebhookCall(Outgoing):
    """A message that is sent as a signed JSON POST."""

    url: str = ""
    url_secret: str = ""
    signing_secret: str = ""
    body: bytes

    @property
    def destination(self) -> tuple[str, ...]:
        """The address, or the secret that holds it."""
        return ("webhook", self.url_secret or self.url)

    def rendition(self) -> Rendition:
        """Return the JSON that would be posted, and where to."""
        where = f"(secret {self.url_secret})" if self.url_secret else self.url
        said = from_json(self.body, _Headed)
        signed = f"\nX-Toban-Signature: (secret {self.signing_secret})" * bool(self.signing_secret)
        return Rendition(
            to=where,
            subject=said.headline,
            text=f"POST {where}\nIdempotency-Key: {self.id}{signed}\n",
            payload=msgspec.json.format(self.body).decode(),
        )


class _Headed(msgspec.Struct, frozen=True):
    headline: str = ""


def message(channel: WebhookChannel, sending: PreparedNotification) -> WebhookCall:
    """Return the call for a notification."""
    return WebhookCall(
        id=sending.id,
        incident=sending.incident,
        created_at=sending.created_at,
        unknown=sending.unknown,
        url=channel.url,
        url_secret=channel.url_secret,
        signing_secret=channel.signing_secret,
        body=body(sending),
    )


def body(sending: PreparedNotification) -> bytes:
    """Return the JSON of a webhook: the same bytes at every try, so that its receiver can compare."""
    request = sending.request
    return msgspec.json.encode(
        {
            "version": 1,
            "id": sending.id,
            "kind": request.kind,
            "created_at": timestamp(sending.created_at),
            "target": request.target,
            "target_name": request.target_name,
            "by": request.by,
            "number": sending.notice.number,
            "headline": sending.notice.headline,
            "incident": _incident(request.incident),
        },
        order="deterministic",
    )


def _incident(incident: IncidentSnapshot) -> msgspec.Struct:
    """
    The incident, and of what came later only what there is to say.

    What an earlier release has asked for, and perhaps sent already, is the same to the byte.
    """
    fields = incident.__struct_fields__
    if incident.environment == PRODUCTION:
        fields = tuple(name for name in fields if name != "environment")
    if incident.started_at is None:
        fields = tuple(name for name in fields if name not in _LATER)
    if incident.unheard_since is None:
        fields = tuple(name for name in fields if name != "unheard_since")
    if fields == incident.__struct_fields__:
        return incident
    return _plain(fields)(**{name: getattr(incident, name) for name in fields})


_LATER: Final = frozenset({"started_at", "value", "threshold", "step", "next_step_at"})


@cache
def _plain(fields: tuple[str, ...]) -> type[msgspec.Struct]:
    kept = [(f.name, f.type) for f in msgspec.structs.fields(IncidentSnapshot) if f.name in fields]
    return msgspec.defstruct("IncidentSnapshot", kept)
