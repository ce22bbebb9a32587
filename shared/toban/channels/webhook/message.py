"""The content of a webhook's call."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import msgspec

from toban.channels.notice import PreparedNotification
from toban.channels.webhook.kind import WebhookChannel
from toban.events import IncidentSnapshot
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import timestamp
from toban.kernel.outgoing import Outgoing


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


_LATER: Final = {"environment": PRODUCTION, "unheard_since": None}
"""Fields that the body has only where they say something: it is as it was before there were any."""


def _incident(incident: IncidentSnapshot) -> msgspec.Struct:
    said = frozenset(n for n, nothing in _LATER.items() if getattr(incident, n) != nothing)
    kind = _KINDS[said]
    return kind(**{name: getattr(incident, name) for name in kind.__struct_fields__})


_KINDS: Final = {
    frozenset(said): msgspec.defstruct(
        "IncidentSnapshot",
        [
            (field.name, field.type)
            for field in msgspec.structs.fields(IncidentSnapshot)
            if field.name not in _LATER or field.name in said
        ],
    )
    for count in range(len(_LATER) + 1)
    for said in combinations(_LATER, count)
}
