"""The edge between the web framework and the ingress: what reaches an endpoint, and how much."""

from __future__ import annotations

import io
from typing import Any

import flask
import pytest
from werkzeug.test import EnvironBuilder

from tests.payloads import alertmanager
from tests.security.desk import BEARER, Desk, encoded, logged
from toban.entry import answer_endpoint, read_request
from toban.kernel.edge.http import MAX_BODY, Edge, Request, Response


def request(raw_uri: str = "/alertmanager", body: bytes = b"", **environ: Any) -> flask.Request:
    """A request as gunicorn hands it over: the path undecoded in ``RAW_URI``."""
    builder = EnvironBuilder(
        method="POST", path="/x", query_string=raw_uri.partition("?")[2], data=body
    )
    return flask.Request({**builder.get_environ(), "RAW_URI": raw_uri, **environ})


def test_a_good_request_goes_through():
    body = encoded(alertmanager())
    desk = Desk()
    with logged():
        response = desk.send(
            read_request(
                request(
                    "/alertmanager?service=tokyo-ai-chat",
                    body,
                    CONTENT_TYPE="application/json",
                    HTTP_AUTHORIZATION=f"Bearer {BEARER}",
                )
            )
        )
    assert response.status == 200
    assert desk.published[0].body.labels["service"] == "tokyo-ai-chat"


@pytest.mark.parametrize(
    "uri",
    ["//alertmanager", "/a/../alertmanager", "/%61lertmanager", "/alertmanager%2F", "/é", "/?"],
)
def test_27_a_path_is_looked_at_as_it_was_sent(uri):
    found = read_request(request(uri))
    assert found.path == uri.partition("?")[0]
    assert Desk().send(found).status == 404


@pytest.mark.parametrize("size", [MAX_BODY + 1, 20 * MAX_BODY])
def test_29_a_body_announced_as_too_large_is_not_read(size):
    class Untouched(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError("read")

    found = read_request(request(CONTENT_LENGTH=str(size), **{"wsgi.input": Untouched()}))
    assert found.body is None
    assert Desk().send(found).status == 413


def test_29_a_body_without_length_is_read_to_the_cap_and_no_further():
    endless = io.BytesIO(b" " * (5 * MAX_BODY))
    found = read_request(
        request(
            CONTENT_LENGTH="",
            **{"wsgi.input": endless, "wsgi.input_terminated": True},
        )
    )
    assert found.body is None
    assert endless.tell() <= 2 * MAX_BODY


def test_a_repeated_parameter_is_both_of_them():
    found = read_request(
        request("/cloud-monitoring?auth_token=a&auth_token=b&service=%F0%9F%A6%8A")
    )
    assert found.query == {"auth_token": "a,b", "service": "🦊"}
    assert read_request(request("/x?service=%ff")).query == {"service": "\ufffd"}


def test_5_header_bytes_that_are_not_ascii_are_refused_not_raised():
    found = read_request(
        request(HTTP_AUTHORIZATION="Bearer \xe9\xff", HTTP_X_TOBAN_SIGNATURE="\xe9")
    )
    with logged():
        assert Desk().send(found).status == 401


def test_a_defect_is_a_500_that_tells_the_sender_nothing():
    def broken(asked: Request, edge: Edge) -> Response:
        raise RuntimeError("password=hunter2")

    with logged() as lines:
        response = answer_endpoint("ingest_alert", broken, Request("POST", "/"), Desk().edge)
    assert (response.status, response.body) == (500, b"")
    assert "RuntimeError" in lines.getvalue()
