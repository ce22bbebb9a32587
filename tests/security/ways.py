"""
Every way in over HTTP with a good request, from which hostile ones are made.

A row on the map without an example here fails (`test_every_way`): a new way in begins with an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests import payloads
from tests.security.desk import (
    BEARER,
    KEY,
    LINK_KEY,
    NOW,
    TOKEN,
    authentic,
    command_request,
    endpoints,
    signed_request,
)
from toban.kernel.edge.answers import AnswerLink, make_answer_link
from toban.kernel.edge.http import Request
from toban.kernel.edge.links import make_link
from toban.kernel.edge.row import Row
from toban.kernel.edge.serve import Rows
from toban.local.world import ROOT
from toban.topology.reader import load

TOPOLOGY = load(ROOT / "events" / "topology.yaml")
Damage = Callable[[Request], Request]


def without(*names: str) -> Damage:
    """The request without these headers and parameters."""

    def damage(request: Request) -> Request:
        return replace(
            request,
            headers={k: v for k, v in request.headers.items() if k not in names},
            query={k: v for k, v in request.query.items() if k not in names},
        )

    return damage


def header(name: str, value: str) -> Damage:
    """The request with another header."""
    return lambda request: replace(request, headers={**request.headers, name: value})


def parameter(name: str, value: str) -> Damage:
    """The request with another parameter."""
    return lambda request: replace(request, query={**request.query, name: value})


@dataclass(frozen=True)
class Example:
    """A request that is taken, and what about it proves its sender."""

    good: Callable[[], Request]
    damaged: tuple[Damage, ...]
    """Each takes the proof away or spoils it."""
    refused: int = 401
    signed: Callable[[bytes], Request] | None = None
    """A request with that body and a good proof; None: the body says nothing."""
    confidential: tuple[str, ...] = ()
    """What is neither logged nor answered."""


def _link(path: str) -> Request:
    url = make_link(
        "https://t.example", "inc-7", "acknowledge", "person:yuki", 3, NOW, LINK_KEY, "en"
    )
    return Request("POST", path, dict(parse_qsl(urlsplit(url).query)))


def answer_link(**more: object) -> AnswerLink:
    """The link in a message of a test page."""
    given = {"test": "tst-7", "channel": "mail", "name": "Yuki", "person": "person:yuki"}
    times = {"iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60}
    return msgspec.convert({**given, **times, "lang": "en"} | more, AnswerLink)


def _answer() -> Request:
    url = make_answer_link("https://t.example", answer_link(), LINK_KEY)
    return Request("POST", "/test", dict(parse_qsl(urlsplit(url).query)))


_SPOILT_LINK = (
    without("s"),
    without("c"),
    without("c", "s"),
    parameter("s", ""),
    parameter("s", "é"),
    parameter("s", "A" * 43),
    parameter("c", "bm90IGEgbGluaw"),
    parameter("c", "A" * 100_000),
)
_SPOILT_BEARER = (
    without("authorization"),
    *(
        header("authorization", value)
        for value in ("", "Bearer", "Bearer no", "Basic no", f"Token {BEARER}", "Bearer é\udcff")
    ),
)


def signed_example(body: object, path: str = "/signed") -> Example:
    """A way in whose row checks with `toban.kernel.edge.signed`."""
    return Example(
        lambda: signed_request(path, body),
        (
            without("x-toban-signature"),
            *(header("x-toban-signature", v) for v in ("", "t=1,v1=00", "é", "t=1" + ",v1=00" * 9)),
            lambda request: replace(request, body=(request.body or b"") + b" "),
        ),
        signed=lambda raw: signed_request(path, raw),
        confidential=(KEY,),
    )


EXAMPLES: dict[tuple[str, str], Example] = {
    ("ingest_alert", "/cloud-monitoring"): Example(
        lambda: authentic("/cloud-monitoring", payloads.cloud_monitoring()),
        (
            without("auth_token"),
            *(parameter("auth_token", value) for value in ("", "no", TOKEN + "x", "é\udce9\x00")),
        ),
        signed=lambda body: authentic("/cloud-monitoring", body),
        confidential=(TOKEN,),
    ),
    ("ingest_alert", "/alertmanager"): Example(
        lambda: authentic("/alertmanager", payloads.alertmanager()),
        _SPOILT_BEARER,
        signed=lambda body: authentic("/alertmanager", body),
        confidential=(BEARER,),
    ),
    ("ingest_alert", "/generic"): signed_example(payloads.generic(), "/generic"),
    ("ingest_action", "/command"): Example(
        command_request,
        (*_SPOILT_BEARER, header("authorization", "Bearer e30.e30.e30")),
        signed=command_request,
    ),
    ("ingest_action", "/"): Example(
        lambda: _link("/"), _SPOILT_LINK, 403, confidential=(LINK_KEY,)
    ),
    ("ingest_action", "/a"): Example(
        lambda: _link("/a"),
        (*_SPOILT_LINK, lambda request: replace(request, query=_answer().query)),
        403,
        confidential=(LINK_KEY,),
    ),
    # The link of an incident, too, is nothing here, nor the other way round.
    ("ingest_action", "/test"): Example(
        _answer,
        (*_SPOILT_LINK, lambda request: replace(request, query=_link("/a").query)),
        403,
        confidential=(LINK_KEY,),
    ),
}


@cache
def rows() -> dict[tuple[str, str], Row[object]]:
    """Every row of every HTTP function, by function and path."""
    found = {}
    for function, entry in TOPOLOGY.functions.items():
        if entry.http:
            endpoint = endpoints()[function]
            assert isinstance(endpoint, Rows), f"functions/{function}: its ways in are no rows"
            found.update({(function, path): row for path, row in endpoint.by_path.items()})
    return found
