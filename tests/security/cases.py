"""
The abuse cases of the HTTP ingress as a table: what comes in, what is answered.

A case that is refused publishes nothing, raises nothing and says nothing about why a credential
was wrong. `authentic` builds a good request; a case changes what it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.payloads import alert, alertmanager, cloud_monitoring, generic, pubsub_push
from tests.security.desk import (
    BEARER,
    KEY,
    NOW,
    TOKEN,
    authentic,
    basic,
    encoded,
)
from toban.kernel.edge.http import MAX_BODY, Request
from toban.kernel.edge.signed import signature as generic_signature

CM, AM, GENERIC = "/cloud-monitoring", "/alertmanager", "/generic"
T = int(NOW.timestamp())
GOOD: dict[str, Any] = {CM: cloud_monitoring(), AM: alertmanager(), GENERIC: generic()}


@dataclass(frozen=True)
class Case:
    """A request and the status it has to be answered with; 200 publishes one event."""

    id: str
    request: Request
    status: int
    secrets: Mapping[str, list[str]] = field(default_factory=dict)


def headers(request: Request, **changed: str | None) -> Request:
    """`request` with headers changed, or removed (None); ``_`` in a name stands for ``-``."""
    merged = dict(request.headers)
    for name, value in changed.items():
        key = name.replace("_", "-")
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return replace(request, headers=merged)


def query(request: Request, **changed: str) -> Request:
    """`request` with exactly these parameters."""
    return replace(request, query=changed)


def signed(header: str, body: Any = None) -> Request:
    """A generic request with this signature header."""
    return headers(
        authentic(GENERIC, GOOD[GENERIC] if body is None else body), x_toban_signature=header
    )


def path(changed: str) -> Request:
    """A good Alertmanager request sent to another path."""
    return replace(authentic(AM, GOOD[AM]), path=changed)


def all_ways(name: str, body: bytes, status: int) -> list[Case]:
    """The same body, authentic, by every way in."""
    return [Case(f"{name} {way}", authentic(way, body), status) for way in GOOD]


RAW = encoded(GOOD[GENERIC])
MAC = generic_signature(KEY, T, RAW)
HEX = MAC.partition("v1=")[2]
_FLIPPED = bytes([RAW[0], RAW[1] ^ 1]) + RAW[2:]
USER = "monitoring:a long password"

SIGNATURES = [
    Case("1 no signature", headers(authentic(GENERIC, GOOD[GENERIC]), x_toban_signature=None), 401),
    Case("1 empty signature", signed(""), 401),
    Case("3 wrong digest of the right length", signed(f"t={T},v1={'0' * 64}"), 401),
    Case("3 digest of another length", signed(f"t={T},v1=abcd"), 401),
    Case("3 one bit of the body flipped", replace(signed(MAC), body=_FLIPPED), 401),
    Case("3 another key", signed(generic_signature("other", T, RAW)), 401),
    Case("5 non-ASCII in the signature", signed(f"t={T},v1=é"), 401),
    Case("5 non-ASCII digits as time", signed(f"t=١٢٣,v1={HEX}"), 401),
    Case("5 upper case digest", signed(f"t={T},v1={HEX.upper()}"), 401),
    Case("5 a superscript as time", signed(f"t=²,v1={HEX}"), 401),
    Case("5 two times", signed(f"t={T},t={T},v1={HEX}"), 401),
    Case("5 no time", signed(f"v1={HEX}"), 401),
    Case("5 endless time", signed(f"t={'9' * 400},v1={HEX}"), 401),
    Case("5 8 KB of signature", signed("t=1" + ",v1=00" * 1500), 401),
    Case(
        "7 the same JSON with other spaces",
        replace(signed(MAC), body=json.dumps(GOOD[GENERIC], indent=1).encode()),
        401,
    ),
    Case("7 body added after signing", replace(signed(MAC), body=RAW + b" "), 401),
    Case(
        "11 the previous secret during rotation",
        signed(MAC),
        200,
        {"INGEST_GENERIC": ["the-new-one", KEY]},
    ),
    Case(
        "11 the previous secret afterwards", signed(MAC), 401, {"INGEST_GENERIC": ["the-new-one"]}
    ),
    Case("11 signed with old and new at once", signed(f"t={T},v1={'0' * 64},v1={HEX}"), 200),
    Case("13 300 s old", signed(generic_signature(KEY, T - 300, RAW)), 200),
    Case("13 300 s ahead", signed(generic_signature(KEY, T + 300, RAW)), 200),
    Case("13 301 s old", signed(generic_signature(KEY, T - 301, RAW)), 401),
    Case("13 301 s ahead", signed(generic_signature(KEY, T + 301, RAW)), 401),
    Case("13 the time changed after signing", signed(f"t={T - 1},v1={HEX}"), 401),
]

GOOD_CM = authentic(CM, GOOD[CM])
GOOD_AM = authentic(AM, GOOD[AM])

CREDENTIALS = [
    Case("19 no token", query(GOOD_CM), 401),
    Case("19 wrong token", query(GOOD_CM, auth_token="no"), 401),
    Case("19 token and a bit more", query(GOOD_CM, auth_token=TOKEN + "x"), 401),
    Case("19 empty token", query(GOOD_CM, auth_token=""), 401),
    Case("19 token in the wrong parameter", query(GOOD_CM, token=TOKEN), 401),
    Case("19 token in a header", headers(query(GOOD_CM), authorization=f"Bearer {TOKEN}"), 401),
    Case("19 token that is no ASCII", query(GOOD_CM, auth_token="é\udce9\x00"), 401),
    Case(
        "19 user and password",
        headers(query(GOOD_CM), authorization=basic(USER)),
        200,
        {"INGEST_CLOUD_MONITORING": [USER]},
    ),
    Case(
        "19 wrong password",
        headers(query(GOOD_CM), authorization=basic("monitoring:no")),
        401,
        {"INGEST_CLOUD_MONITORING": [USER]},
    ),
    Case(
        "19 user and password in the query",
        query(GOOD_CM, auth_token=USER),
        401,
        {"INGEST_CLOUD_MONITORING": [USER]},
    ),
    Case(
        "19 user and password under another scheme",
        headers(query(GOOD_CM), authorization=basic(USER).replace("Basic", "Token")),
        401,
        {"INGEST_CLOUD_MONITORING": [USER]},
    ),
    Case(
        "19 basic that is not base64",
        headers(query(GOOD_CM), authorization="Basic é!!"),
        401,
        {"INGEST_CLOUD_MONITORING": [USER]},
    ),
    Case("21 no bearer", headers(GOOD_AM, authorization=None), 401),
    Case("21 another ingress' credential", headers(GOOD_AM, authorization=f"Bearer {TOKEN}"), 401),
    Case("21 bearer of Alertmanager elsewhere", replace(GOOD_AM, path=CM), 401),
    Case("21 bearer of Alertmanager at generic", replace(GOOD_AM, path=GENERIC), 401),
    Case("21 another scheme", headers(GOOD_AM, authorization=f"Token {BEARER}"), 401),
    Case("21 scheme in other case", headers(GOOD_AM, authorization=f"bearer {BEARER}"), 200),
    Case("21 only the scheme", headers(GOOD_AM, authorization="Bearer"), 401),
    Case("21 non-ASCII bearer", headers(GOOD_AM, authorization="Bearer é\udcff"), 401),
    Case(
        "21 basic authentication",
        headers(GOOD_AM, authorization=basic(USER)),
        200,
        {"INGEST_ALERTMANAGER": [USER]},
    ),
    Case(
        "25 headers of proxies prove nothing",
        headers(
            headers(GOOD_AM, authorization=None),
            x_forwarded_for="127.0.0.1",
            x_goog_authenticated_user_email="accounts.google.com:owner@example.com",
            x_cloud_trace_context="105445aa7843bc8bf206b120001000/1;o=1",
        ),
        401,
    ),
    Case("not set", GOOD_CM, 503, {"INGEST_CLOUD_MONITORING": []}),
    Case("set to nothing", query(GOOD_CM, auth_token=""), 503, {"INGEST_CLOUD_MONITORING": [""]}),
]

REQUESTS = [
    *(
        Case(f"27 path {odd[:40]!r}", path(odd), 404)
        for odd in (
            "",
            "/",
            "//alertmanager",
            "/alertmanager/",
            "/alertmanager/../generic",
            "/%2e%2e/alertmanager",
            "/alertmanager%2f",
            "/alertmanager%00",
            "/ALERTMANAGER",
            "/alertmanager;a=b",
            "/admin",
            "/" + "a" * 8192,
            "/é",
        )
    ),
    *(
        Case(f"method {method}", replace(GOOD_AM, method=method), 405)
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "post", "")
    ),
    *(Case(f"29 too large {way}", replace(authentic(way, b"{}"), body=None), 413) for way in GOOD),
    Case("29 one byte too many", authentic(AM, b" " * (MAX_BODY + 1)), 413),
    *(
        Case(f"31 content type {kind!r}", headers(GOOD_AM, content_type=kind), 415)
        for kind in (
            None,
            "",
            "text/plain",
            "text/json",
            "application/jsonp",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "application/json; charset=iso-8859-1",
            "application/json, text/plain",
            "é",
        )
    ),
    *(
        Case(f"31 content type {kind!r}", headers(GOOD_AM, content_type=kind), 200)
        for kind in (
            "application/json; charset=utf-8",
            'Application/JSON;charset="UTF-8"',
            "application/json; profile=x",
            "application/cloudevents+json",
        )
    ),
    *(
        Case(f"service {name[:20]!r}", query(GOOD_AM, service=name), 400)
        for name in ("A", "-a", "a_b", "a/b", "a" * 64, "é", "a\n", " a")
    ),
    Case("service named", query(GOOD_AM, service="tokyo-ai-chat"), 200),
]

_DUPLICATE = {
    CM: b'{"incident":{"state":"open","state":"closed"}}',
    AM: b'{"alerts":[{"status":"firing","status":"resolved"}]}',
    GENERIC: b'{"rule":"r","title":"t","status":"firing","status":"resolved"}',
}

BODIES = [
    *all_ways("31 empty body", b"", 400),
    *all_ways("31 not JSON", b"state=open", 400),
    *all_ways("31 half of it", RAW[:50], 400),
    *all_ways("31 null", b"null", 400),
    *all_ways("31 a number", b"1e999", 400),
    *all_ways("31 NaN", b'{"incident":NaN,"alerts":NaN,"rule":NaN}', 400),
    *all_ways("33 1,000 deep", b"[" * 1000 + b"]" * 1000, 400),
    *all_ways("33 100,000 deep", b"[" * 100_000 + b"]" * 100_000, 400),
    *all_ways("33 objects 100,000 deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    *(Case(f"35 duplicate key {way}", authentic(way, raw), 400) for way, raw in _DUPLICATE.items()),
    *all_ways("37 lone surrogate", b'{"rule":"\\ud800"}', 400),
    *all_ways("37 NUL", b'{"rule":"a\\u0000b"}', 400),
    *all_ways("37 not UTF-8", b'{"rule":"\xff"}', 400),
    *all_ways("37 UTF-16", '{"rule":"x"}'.encode("utf-16"), 400),
    *all_ways("37 byte order mark", b"\xef\xbb\xbf{}", 400),
    *all_ways("digits without end", b'{"rule":' + b"9" * 10_000 + b"}", 400),
    Case("37 bidi and zero width", authentic(GENERIC, generic(title="a\u202eb\u200bc")), 200),
    *(
        Case(f"39 dedup key {key[:12]!r} {way}", authentic(way, body), 200)
        for key in ("..", "/", "__x__", "k" * 1600, "a/../b", "日本")
        for way, body in (
            (CM, cloud_monitoring(incident_id=key)),
            (AM, alertmanager(alert(fingerprint=key))),
            (GENERIC, generic(fingerprint=key)),
        )
    ),
    Case(
        "41 a start a year ahead",
        authentic(GENERIC, generic(starts_at="2027-11-22T03:00:00Z")),
        200,
    ),
    Case(
        "41 the end before the start",
        authentic(GENERIC, generic("resolved", ends_at="2026-11-21T03:00:00Z")),
        200,
    ),
    Case("41 the year 1", authentic(GENERIC, generic(starts_at="0001-01-01T00:00:00+09:00")), 200),
    Case(
        "41 the year 9999", authentic(GENERIC, generic(starts_at="9999-12-31T23:59:59-09:00")), 400
    ),
    Case(
        "45 forged log lines",
        authentic(GENERIC, generic(title='x\n{"severity":"CRITICAL"}\r')),
        200,
    ),
    Case("push without data", authentic(CM, {"message": {}}), 400),
    Case("push of other data", authentic(CM, pubsub_push("hello")), 400),
    Case("push that is not base64", authentic(CM, {"message": {"data": "é!"}}), 400),
    Case("push of deep data", authentic(CM, {"message": {"data": "W1tb" * 9000}}), 400),
    Case("push within a push", authentic(CM, pubsub_push(pubsub_push(cloud_monitoring()))), 400),
]

CASES = [*SIGNATURES, *CREDENTIALS, *REQUESTS, *BODIES]
