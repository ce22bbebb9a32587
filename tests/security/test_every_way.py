"""Hostile requests on every way in: none publishes, none is answered 5xx, none shows a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BufferedReader, BytesIO
from typing import Any
from urllib.parse import urlencode

import flask
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from tests.security.desk import Desk, logged
from tests.security.ways import EXAMPLES, TOPOLOGY, Example, header, rows
from toban.entry import parse_query, read_request
from toban.kernel.edge.http import MAX_BODY, Request, Response
from toban.local import httpd

WAYS = sorted(EXAMPLES)
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}{way[1]}")
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "post", "")


def ask(way: tuple[str, str], request: Request, desk: Desk | None = None) -> tuple[Response, Desk]:
    desk = desk or Desk()
    with logged() as lines:
        response = desk.ask(way[0], request)
    for text in lines.getvalue().splitlines():
        json.loads(text)
    for secret in EXAMPLES[way].confidential:
        assert secret not in lines.getvalue()
        assert secret.encode() not in response.body
    return response, desk


Pairs = list[tuple[str, str]]


def _replaced(given: Any, pairs: Pairs) -> Pairs:
    return [(k, v) for k, v in given.items() if k not in dict(pairs)] + pairs


def by_httpd(good: Request, headers: Pairs, query: Pairs) -> tuple[dict[str, str], dict[str, str]]:
    lines = "".join(f"{k}: {v}\r\n" for k, v in [("host", "x"), *_replaced(good.headers, headers)])
    found, _ = httpd._headers(BufferedReader(BytesIO(f"{lines}\r\n".encode())), b"HTTP/1.1")  # type: ignore[arg-type]
    return found, parse_query(urlencode(_replaced(good.query, query)))


def by_flask(good: Request, headers: Pairs, query: Pairs) -> tuple[dict[str, str], dict[str, str]]:
    """As behind gunicorn, which joins what comes twice by a comma."""
    joined: dict[str, str] = {}
    for name, value in _replaced(good.headers, headers):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    builder = EnvironBuilder(
        method="POST",
        path="/",
        query_string=urlencode(_replaced(good.query, query)),
        headers=joined,
    )
    found = read_request(flask.Request(builder.get_environ()))
    return dict(found.headers), dict(found.query)


def refused(way: tuple[str, str], request: Request, status: int) -> Response:
    response, desk = ask(way, request)
    assert response.status == status, response.body
    assert desk.published == []
    return response


def test_the_map_shows_every_way_in_and_every_way_has_hostile_requests():
    shown = {
        (name, path) for name, function in TOPOLOGY.functions.items() for path in function.http
    }
    assert set(rows()) == shown, "events/topology.yaml and the rows of the functions differ"
    assert set(EXAMPLES) == shown, "tests/security/ways.py: a way in has no example"


@every_way
def test_a_good_request_is_one_event(way):
    response, desk = ask(way, EXAMPLES[way].good())
    assert response.status == 200, response.body
    assert len(desk.published) == 1
    assert desk.published[0].traceparent == ""


@every_way
def test_a_request_that_comes_again_is_the_same_event(way):
    desk = Desk()
    good = EXAMPLES[way].good()
    ask(way, good, desk)
    ask(way, replace(good, headers={**good.headers, "x-request-id": "another"}), desk)
    first, second = desk.published
    assert first.id == second.id


@every_way
@pytest.mark.parametrize("method", METHODS)
def test_another_method_acts_not(way, method):
    good = EXAMPLES[way].good()
    if method in rows()[way].methods:
        assert refused(way, replace(good, method=method), 200).body
        return
    response = refused(way, replace(good, method=method), 405)
    assert response.headers["Allow"].split(", ")[-1] == "POST"


@every_way
def test_another_path_is_none(way):
    path = way[1].rstrip("/")
    for odd in (
        *(f"{path}/", f"/{path}", f"{path}/../generic", f"{path}%00", f"{path};a=b"),
        *(path.upper() + "/A", "/%2e%2e" + path, "/admin", "/" + "a" * 8192, "/é", "//"),
    ):
        if odd not in {known for _, known in rows()}:
            refused(way, replace(EXAMPLES[way].good(), path=odd), 404)


@every_way
@pytest.mark.parametrize("body", [None, b" " * (MAX_BODY + 1)])
def test_29_what_is_too_large_is_not_looked_at(way, body):
    refused(way, replace(EXAMPLES[way].good(), body=body), 413)


def damages() -> Iterator[Any]:
    for way, example in EXAMPLES.items():
        for number, damage in enumerate(example.damaged):
            yield pytest.param(way, damage, id=f"{way[0]}{way[1]} {number}")


@pytest.mark.parametrize(("way", "damage"), damages())
def test_without_its_proof_nobody_is_let_in(way, damage):
    example: Example = EXAMPLES[way]
    response = refused(way, damage(example.good()), example.refused)
    if response.status == 401:
        assert response.body == b""
        assert response.headers["WWW-Authenticate"]


@every_way
def test_25_headers_of_proxies_prove_nothing(way):
    example = EXAMPLES[way]
    request = example.damaged[0](example.good())
    for name, value in (
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("host", "127.0.0.1"),
        ("x-goog-authenticated-user-email", "accounts.google.com:owner@example.com"),
        ("x-goog-iap-jwt-assertion", "e30.e30.e30"),
        ("x-cloud-trace-context", "105445aa7843bc8bf206b120001000/1;o=1"),
        ("ce-type", "toban.command.issued.v1"),
    ):
        request = header(name, value)(request)
    refused(way, request, example.refused)


@every_way
def test_the_proof_of_another_way_opens_none(way):
    example = EXAMPLES[way]
    for other, theirs in EXAMPLES.items():
        if theirs.confidential == example.confidential:
            continue
        foreign, own = theirs.good(), example.damaged[0](example.good())
        mixed = replace(
            own, headers={**foreign.headers, **own.headers}, query={**foreign.query, **own.query}
        )
        assert refused(way, mixed, example.refused), other


@every_way
@pytest.mark.parametrize("values", [(), ("",)])
def test_a_secret_that_is_not_set_lets_nobody_in_and_is_not_named(way, values):
    secret = rows()[way].secret
    desk = Desk()
    if secret:
        desk.secrets.set(secret, *values)
    else:  # proven by tokens: nobody is on the list
        desk.edge = replace(desk.edge, identify=None)
    response, _ = ask(way, EXAMPLES[way].good(), desk)
    assert response.status == 503
    assert desk.published == []
    assert not secret or secret.encode() not in response.body


@every_way
def test_while_the_bus_is_down_the_sender_is_asked_to_come_again(way):
    desk = Desk()
    desk.bus_is_down = True
    assert ask(way, EXAMPLES[way].good(), desk)[0].status == 503


@every_way
@pytest.mark.parametrize(
    "kind",
    [
        *("", "text/plain", "text/json", "application/jsonp", "multipart/form-data; boundary=x"),
        *("application/x-www-form-urlencoded", "application/json; charset=iso-8859-1", "é"),
    ],
)
def test_31_another_content_type_is_refused_where_the_body_counts(way, kind):
    request = header("content-type", kind)(EXAMPLES[way].good())
    if rows()[way].content is None:
        assert ask(way, request)[0].status == 200
    else:
        refused(way, request, 415)


@every_way
@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "gzip, identity", "x"])
def test_a_body_in_a_coding_is_refused_where_it_counts(way, coding):
    request = header("content-encoding", coding)(EXAMPLES[way].good())
    if rows()[way].content is None:
        assert ask(way, request)[0].status == 200
    else:
        assert refused(way, request, 415).headers["Accept-Encoding"] == "identity"


@every_way
def test_a_body_that_says_that_it_has_no_coding_is_taken(way):
    assert ask(way, header("content-encoding", "identity")(EXAMPLES[way].good()))[0].status == 200


TWICE = ("x-toban-signature", "authorization", "content-type")


@every_way
@pytest.mark.parametrize("order", [1, -1])
def test_a_proof_that_comes_twice_is_none_whichever_comes_first(way, order):
    """Through the two readers of requests that there are: the embedded server's and Flask's."""
    good, other = EXAMPLES[way].good(), EXAMPLES[way].damaged
    for name in TWICE:
        if name in good.headers:
            pair = [good.headers[name], "t=1,v1=00" if name == TWICE[0] else "Bearer x"][::order]
            for read in (by_httpd, by_flask):
                headers, query = read(good, [(name, value) for value in pair], [])
                asked = replace(good, headers=headers, query=query)
                assert ask(way, asked)[0].status in (401, 403, 415), (name, read)
    for name in ("auth_token", "s"):
        if name in good.query:
            pair = [good.query[name], "no"][::order]
            for read in (by_httpd, by_flask):
                headers, query = read(good, [], [(name, value) for value in pair])
                asked = replace(good, headers=headers, query=query)
                assert ask(way, asked)[0].status == EXAMPLES[way].refused, (name, read)
    assert other


BODIES = {
    "empty": b"",
    "not JSON": b"state=open",
    "null": b"null",
    "a number": b"1e999",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "duplicate key": b'{"a":1,"a":2}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "NUL": b'{"a":"\\u0000"}',
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":"x"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "digits without end": b'{"a":' + b"9" * 10_000 + b"}",
    "an array in its place": b"[[]]",
    "forged log line": b'{"\\n{\\"severity\\":\\"CRITICAL\\"}\\u001b[2K":1}',
}


@every_way
@pytest.mark.parametrize("name", BODIES)
def test_33_a_hostile_body_of_a_known_sender_is_refused_where_the_body_counts(way, name):
    example = EXAMPLES[way]
    request = example.signed(BODIES[name]) if example.signed else None
    if request is None:
        assert rows()[way].content is None, "tests/security/ways.py: `signed` is missing"
        assert ask(way, replace(example.good(), body=BODIES[name]))[0].status == 200
        return
    refused(way, request, 400)


@every_way
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_anything_at_all_is_answered_below_500_and_publishes_nothing(way, data):
    names = sorted({"c", "s", "auth_token", "service"})
    request = Request(
        data.draw(st.sampled_from(["GET", "POST", "PUT"]) | st.text(max_size=8)),
        data.draw(st.just(way[1]) | st.text(max_size=30)),
        data.draw(st.dictionaries(st.sampled_from(names), st.text(max_size=20))),
        data.draw(
            st.dictionaries(
                st.sampled_from(["authorization", "content-type", "x-toban-signature", "cookie"]),
                st.text(max_size=40)
                | st.from_regex(r"(Basic|Bearer) .{0,20}", fullmatch=True)
                | st.from_regex(r"t=[0-9]{1,14},v1=[0-9a-f]{1,64}", fullmatch=True),
            )
        ),
        data.draw(st.none() | st.binary(max_size=60)),
    )
    response, desk = ask(way, request)
    assert response.status in {401, 403, 404, 405, 413}
    assert desk.published == []
