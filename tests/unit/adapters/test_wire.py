"""The protocol as it is written down here, and the token of a function's own identity."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest
from google.cloud import firestore_v1
from google.protobuf import descriptor, timestamp_pb2, wrappers_pb2
from google.pubsub_v1 import types as pubsub_types

from toban.adapters.google import queries, rpc, wire

FIRESTORE = firestore_v1.types
SAME_ON_THE_WIRE = {"enum": "int32", "message": "bytes"}
NESTED = {
    "CollectionSelector": FIRESTORE.StructuredQuery.CollectionSelector,
    "FieldReference": FIRESTORE.StructuredQuery.FieldReference,
    "FieldFilter": FIRESTORE.StructuredQuery.FieldFilter,
    "UnaryFilter": FIRESTORE.StructuredQuery.UnaryFilter,
    "CompositeFilter": FIRESTORE.StructuredQuery.CompositeFilter,
    "Filter": FIRESTORE.StructuredQuery.Filter,
    "Order": FIRESTORE.StructuredQuery.Order,
    "Aggregation": FIRESTORE.StructuredAggregationQuery.Aggregation,
    "Count": FIRESTORE.StructuredAggregationQuery.Aggregation.Count,
}
NAMES = sorted(
    line.partition(" ")[0]
    for line in (wire._FIRESTORE + wire._PUBSUB).splitlines()
    if line.strip() and line != "Empty"
)


def official(name):
    """The message as the installed client describes it."""
    if name == "Timestamp":
        return timestamp_pb2.Timestamp.DESCRIPTOR
    if name == "Int32Value":
        return wrappers_pb2.Int32Value.DESCRIPTOR
    found = NESTED.get(name) or getattr(FIRESTORE, name, None) or getattr(pubsub_types, name, None)
    if found is None:
        found = getattr(__import__(f"{FIRESTORE.__name__}.document", fromlist=[name]), name)
    return found.pb().DESCRIPTOR


def kind(field):
    """A field's type as it is on the wire."""
    types = descriptor.FieldDescriptor
    named = {types.TYPE_ENUM: "enum", types.TYPE_MESSAGE: "message", types.TYPE_BYTES: "bytes"}
    return named.get(field.type, field.type)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_the_number_and_the_type_of_the_official_client(name):
    ours = wire._pool.FindMessageTypeByName(f"toban.wire.{name}")
    theirs = official(name)

    for field in ours.fields:
        same = theirs.fields_by_number[field.number]
        assert (same.name, same.is_repeated) == (field.name, field.is_repeated)
        assert (same.containing_oneof and same.containing_oneof.name) == (
            field.containing_oneof and field.containing_oneof.name
        )
        if kind(field) != kind(same):
            official_kind = kind(same)
            int32 = descriptor.FieldDescriptor.TYPE_INT32
            assert (official_kind, kind(field)) in {("enum", int32), ("message", "bytes")}
        elif kind(field) == "message" and not field.message_type.GetOptions().map_entry:
            assert field.message_type.name == same.message_type.name


def test_the_numbers_of_operators_and_directions_are_the_protocols():
    query = FIRESTORE.StructuredQuery

    assert queries._OPERATORS == {
        "==": query.FieldFilter.Operator.EQUAL,
        "<": query.FieldFilter.Operator.LESS_THAN,
        "<=": query.FieldFilter.Operator.LESS_THAN_OR_EQUAL,
        ">": query.FieldFilter.Operator.GREATER_THAN,
        ">=": query.FieldFilter.Operator.GREATER_THAN_OR_EQUAL,
    }
    assert query.Direction.ASCENDING == queries._ASCENDING
    assert query.Direction.DESCENDING == queries._DESCENDING
    assert query.UnaryFilter.Operator.IS_NULL == queries._IS_NULL
    assert query.CompositeFilter.Operator.AND == queries._AND


# --- tokens --------------------------------------------------------------------------------------


@pytest.fixture
def metadata_server():
    """Gives token-1, token-2, … for an hour each; refuses whoever does not say that it knows."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.headers.get("Metadata-Flavor") != "Google" or server.broken:
                self.send_error(403)
                return
            assert self.path == "/computeMetadata/v1/instance/service-accounts/default/token"
            server.given += 1
            self.send_response(200)
            self.end_headers()
            token = {"access_token": f"token-{server.given}", "expires_in": 3600}
            self.wfile.write(json.dumps(token).encode())

        def log_message(self, format, *args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.given, server.broken = 0, False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_token_is_fetched_once_and_again_before_it_ends(metadata_server):
    seconds = [1000.0]
    host = f"127.0.0.1:{metadata_server.server_port}"
    plugin = rpc.MetadataToken(host, lambda: seconds[0])

    assert [plugin.token(), plugin.token()] == ["token-1", "token-1"]
    seconds[0] += 3600 - 241
    assert plugin.token() == "token-1"
    seconds[0] += 2
    assert plugin.token() == "token-2"


def test_a_call_carries_the_token_or_fails_when_there_is_none(metadata_server):
    plugin = rpc.MetadataToken(f"127.0.0.1:{metadata_server.server_port}")
    told = []

    metadata_server.broken = True
    plugin(None, lambda metadata, error: told.append((metadata, str(error))))
    metadata_server.broken = False
    plugin(None, lambda metadata, error: told.append((metadata, error)))

    assert told == [
        ((), "the metadata server answered 403"),
        ((("authorization", "Bearer token-1"),), None),
    ]


def test_on_cloud_run_the_channel_is_encrypted_and_needs_no_key_file(monkeypatch):
    monkeypatch.setenv("K_SERVICE", "open-incident")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)

    with rpc.open_channel("firestore.googleapis.com", None) as channel:
        assert isinstance(channel, grpc.Channel)


def test_a_harmless_call_is_made_again_until_its_time_is_over():
    class Unavailable(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

    calls = []

    def fails_twice(left_s):
        calls.append(left_s)
        if len(calls) < 3:
            raise Unavailable
        return "answer"

    codes = frozenset({grpc.StatusCode.UNAVAILABLE})
    assert rpc.again(fails_twice, codes, 5.0, 0.001, 0.002) == "answer"
    assert calls == sorted(calls, reverse=True)

    calls.clear()
    with pytest.raises(Unavailable):
        rpc.again(fails_twice, frozenset(), 5.0, 0.001, 0.002)
    assert len(calls) == 1
