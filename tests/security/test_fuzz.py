"""Anything at all, by every way in: an answer below 500, nothing raised, nothing half done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import payloads
from tests.security.desk import Desk, authentic, logged
from toban.kernel.edge.http import Request
from toban.kernel.event import from_message, to_message

VALID: dict[str, list[Any]] = {
    "/cloud-monitoring": [
        payloads.cloud_monitoring(),
        payloads.cloud_monitoring("closed"),
        payloads.cloud_monitoring_test(),
        payloads.pubsub_push(payloads.uptime_failure()),
        payloads.pubsub_cloudevent(payloads.cloud_monitoring()),
    ],
    "/alertmanager": [
        payloads.alertmanager(),
        payloads.alertmanager(payloads.alert("a", "resolved"), payloads.alert("b", fingerprint="")),
    ],
    "/generic": [
        payloads.generic(),
        [payloads.generic(), payloads.generic("resolved", id=1, value=2.5)],
        payloads.generic(links=[{"title": "a", "url": "https://a.example"}]),
    ],
}

_ATOMS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        ["", "..", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1e309", "-1", "💥"]
    ),
)
_VALUES = st.recursive(
    _ATOMS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
)

relaxed = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a decoded JSON value."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [here, *(path for key, item in inside for path in places(item, (*here, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """`value` with `new` at `path`."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


def check(request: Request) -> None:
    desk = Desk()
    with logged():
        response = desk.send(request)
    assert response.status < 500
    assert bool(desk.published) <= (response.status == 200)
    for event in desk.published:
        message = to_message(event)
        assert from_message(message) == event
        assert len(message.data) < 64_000
        assert all(v.isascii() and v.isprintable() for v in message.attributes.values())


@pytest.mark.parametrize("way", VALID)
@relaxed
@given(body=st.binary(max_size=300))
def test_arbitrary_bytes(way, body):
    check(authentic(way, body))


@pytest.mark.parametrize("way", VALID)
@relaxed
@given(data=st.data())
def test_a_valid_payload_with_one_value_replaced(way, data):
    payload = data.draw(st.sampled_from(VALID[way]))
    changed = put(payload, data.draw(st.sampled_from(places(payload))), data.draw(_VALUES))
    check(authentic(way, json.dumps(changed).encode()))


@pytest.mark.parametrize("way", VALID)
@relaxed
@given(data=st.data())
def test_a_valid_payload_with_bytes_damaged(way, data):
    raw = bytearray(json.dumps(data.draw(st.sampled_from(VALID[way]))).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    check(authentic(way, bytes(raw)))


@relaxed
@given(
    method=st.sampled_from(["GET", "POST", "PUT"]) | st.text(max_size=8),
    path=st.sampled_from([*VALID, "/", "//generic"]) | st.text(max_size=30),
    query=st.dictionaries(st.sampled_from(["auth_token", "service"]), st.text(max_size=20)),
    headers=st.dictionaries(
        st.sampled_from(["authorization", "content-type", "x-toban-signature"]),
        st.text(max_size=40)
        | st.from_regex(r"(Basic|Bearer) .{0,20}", fullmatch=True)
        | st.from_regex(r"t=[0-9]{1,14},v1=[0-9a-f]{1,64}", fullmatch=True),
    ),
    body=st.none() | st.binary(max_size=60),
)
def test_arbitrary_requests_publish_nothing(method, path, query, headers, body):
    desk = Desk()
    with logged():
        response = desk.send(Request(method, path, query, headers, body))
    assert response.status in {401, 404, 405, 413}
    assert desk.published == []
