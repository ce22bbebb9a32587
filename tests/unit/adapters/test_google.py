"""What the Google adapters do before anything is sent (the rest is tests/contract)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.cloud.firestore_v1 import types

from toban.adapters.google.firestore import values
from toban.adapters.google.firestore.store import FirestoreStore
from toban.adapters.google.pubsub import bus as pubsub
from toban.adapters.google.pubsub import push
from toban.adapters.google.pubsub.bus import PubSubBus
from toban.adapters.google.secrets import SecretManagerSecrets
from toban.kernel.indexes import composite_index
from toban.ports import Create, Key, Message, Query


def unreachable():
    raise AssertionError("nothing may be sent")


# --- messages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["", "incidents/inc-1", "サービス/チャット", " outer ", "100%", "%41", 'say "no"', "a\r\nb: c"],
)
def test_an_attribute_travels_as_a_header_and_comes_back(value):
    header = push.encode_value(value)

    assert re.fullmatch(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?|", header)
    assert push.decode_value(header) == value


def test_a_content_type_needs_no_decoding():
    assert push.encode_value("application/json; charset=utf-8") == "application/json; charset=utf-8"


def test_an_unwrapped_push_is_our_message_with_its_id_and_subscription():
    delivered = push.delivered(
        {
            "Ce-Id": "e-1",
            "Ce-Subject": "%E5%BD%93%E7%95%AA",
            "Content-Type": "application/json",
            "User-Agent": "CloudPubSub-Google",
            "X-Goog-Pubsub-Message-Id": "77",
            "X-Goog-Pubsub-Subscription-Name": "projects/p/subscriptions/alert-fired--open_incident",
        },
        b"{}",
    )

    assert delivered.message == Message(
        "alert-fired",
        b"{}",
        {"ce-id": "e-1", "ce-subject": "当番", "content-type": "application/json"},
    )
    assert delivered.message_id == "77"
    assert delivered.subscription == "alert-fired--open_incident"
    assert delivered.attempt == 0


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (Message("t", b"x" * 65_537), "65537 bytes"),
        (Message("t", b"x", {"ce-subject": "x" * 1_025}), "ce-subject"),
        (Message("t", b"x", {"ce-subject": "障" * 114}), "ce-subject"),
        (Message("t", b"x", {"x" * 257: ""}), "name for an attribute"),
        (Message("t", b"x", {"googclient": ""}), "name for an attribute"),
        (Message("t", b"x", {"two words": ""}), "name for an attribute"),
        (Message("t", b"x", {str(n): "" for n in range(101)}), "101 attributes"),
        (Message("t", b""), "empty message"),
    ],
)
def test_a_message_that_pubsub_would_refuse_or_choke_on_is_never_sent(message, complaint):
    bus = PubSubBus("p", client=unreachable)

    with pytest.raises(ValueError, match=complaint):
        bus.publish([Message("t", b"good"), message])


def test_the_dead_letters_of_a_subscription_have_a_name_of_their_own():
    assert pubsub.dead_name("alert-fired--open_incident") == "alert-fired--open_incident--dead"


# --- documents -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", ".", "..", "__name__", "____", "~", "~~x", "~[", "plain", "日"]
)
def test_names_that_firestore_reserves_are_escaped_and_come_back(name):
    escaped = values.escape(name)

    assert escaped not in {"", ".", "..", "~["}
    assert not re.fullmatch("__.*__", escaped)
    assert values.unescape(escaped) == name


def test_different_names_stay_different():
    names = ["", "~", "~~", "__x__", "~__x__", ".", "~.", "~[", "["]

    assert len({values.escape(name) for name in names}) == len(names)


def test_labels_and_nested_lists_survive():
    document = {"labels": {"__name__": "up", "": 1, "~[": [2]}, "grid": [[1, [2]], []]}
    pb = types.Document.pb()()

    values.put_fields(pb.fields, document)

    assert values.take_fields(pb.fields) == document


def test_a_version_keeps_every_nanosecond():
    pb = types.Document.pb()()
    values.put_version(pb.update_time, "1795345273.000000001")

    assert values.version(pb.update_time) == "1795345273.000000001"


def test_a_commit_that_is_too_large_is_refused_before_it_is_sent():
    store = FirestoreStore("p", client=unreachable)
    writes = [Create(Key("parts", str(n)), {"data": b"x" * 800_000}) for n in range(4)]

    with pytest.raises(ValueError, match=r"3200\d+ bytes; at most 3000000"):
        store.commit(writes)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query("c"), None),
        (Query("c", (("a", "==", 1), ("b", "==", 2))), None),
        (Query("c", (("a", "<=", 1),), order_by="a", limit=5), None),
        (Query("c", order_by="-a"), None),
        (Query("c", (("a", ">", 1), ("a", "<", 9))), None),
        (
            Query("c", (("status", "==", "open"),), order_by="-opened_at"),
            [("status", "ASCENDING"), ("opened_at", "DESCENDING")],
        ),
        (
            Query("c", (("b", "==", 1), ("a", "==", 1), ("t", "<", 2)), order_by="t"),
            [("a", "ASCENDING"), ("b", "ASCENDING"), ("t", "ASCENDING")],
        ),
        (
            Query("c", (("a", "<", 1),), order_by="b"),
            [("b", "ASCENDING"), ("a", "ASCENDING")],
        ),
    ],
)
def test_the_composite_index_that_a_query_needs_is_known(query, index):
    assert composite_index(query) == index


# --- secrets -------------------------------------------------------------------------------------


def mount(root: Path, name: str, **versions: str) -> None:
    (root / name).mkdir(exist_ok=True)
    for file, text in versions.items():
        (root / name / file).write_text(text)


def test_the_environment_wins_over_the_mounted_secret(tmp_path):
    mount(tmp_path, "INGEST_GENERIC", latest="mounted")
    environment = {
        "TOBAN_SECRET_INGEST_GENERIC": "new",
        "TOBAN_SECRET_INGEST_GENERIC_PREVIOUS": "old",
    }

    secrets = SecretManagerSecrets(tmp_path, environment)

    assert secrets.values("INGEST_GENERIC") == ["new", "old"]
    assert secrets.values("LINK_SIGNING") == []


def test_a_mounted_secret_is_read_again_after_a_minute(tmp_path):
    seconds = [0.0]
    mount(tmp_path, "LINK_SIGNING", latest="one\n")
    secrets = SecretManagerSecrets(tmp_path, {}, lambda: seconds[0])
    assert secrets.values("LINK_SIGNING") == ["one"]

    mount(tmp_path, "LINK_SIGNING", latest="two", previous="one")
    seconds[0] = 59.0
    assert secrets.values("LINK_SIGNING") == ["one"]
    seconds[0] = 60.0
    assert secrets.values("LINK_SIGNING") == ["two", "one"]


def test_a_secret_name_cannot_leave_its_directory(tmp_path):
    with pytest.raises(ValueError, match="name of a secret"):
        SecretManagerSecrets(tmp_path, {}).values("../x")
