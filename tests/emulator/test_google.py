"""The Google adapters where the emulators show more than the ports promise."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest

from tests.plugins.lossy_proxy import LossyProxy
from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.pubsub import bus as pubsub
from toban.adapters.google.pubsub import topology
from toban.local.emulated import emulators
from toban.ports import AlreadyExists, Create, Key, Stale, Unavailable, Update

pytestmark = pytest.mark.emulator

INCIDENT = Key("incidents", "inc-1")


@pytest.fixture
def store(firestore_emulator, project):
    return firestore.FirestoreStore(project, client=lambda: firestore.connect(firestore_emulator))


@pytest.fixture
def lossy(firestore_emulator, project):
    """The same documents through a proxy that can lose an answer."""
    proxy = LossyProxy(firestore_emulator)
    yield (
        firestore.FirestoreStore(project, client=lambda: firestore.connect(proxy.address)),
        proxy,
    )
    proxy.close()


def test_a_commit_whose_answer_was_lost_is_sent_once_and_settled_by_reading(store, lossy):
    through, proxy = lossy
    [version] = store.commit([Create(INCIDENT, {"n": 1})])

    proxy.arm()
    with pytest.raises(Unavailable):
        through.commit([Update(INCIDENT, {"n": 2}, version), Create(Key("receipts", "r"), {})])

    assert proxy.lost == 1
    assert store.get([INCIDENT])[0].data == {"n": 2}
    # The same decision again meets its own receipt, and nothing is applied twice.
    with pytest.raises((AlreadyExists, Stale)):
        through.commit([Update(INCIDENT, {"n": 3}, version), Create(Key("receipts", "r"), {})])
    assert through.get([INCIDENT])[0].data == {"n": 2}


def test_writing_the_same_content_again_changes_the_version(store):
    [first] = store.commit([Create(INCIDENT, {"n": 1})])
    [second] = store.commit([Update(INCIDENT, {"n": 1}, first)])
    [third] = store.commit([Update(INCIDENT, {"n": 1}, second)])

    assert len({first, second, third}) == 3
    assert store.get([INCIDENT])[0].data == {"n": 1}


def test_racing_updates_of_one_version_have_one_winner(store):
    [version] = store.commit([Create(INCIDENT, {"by": None})])
    barrier, lock, won = threading.Barrier(8), threading.Lock(), []

    def race(number):
        barrier.wait()
        try:
            store.commit([Update(INCIDENT, {"by": number}, version)])
        except Stale:
            return
        with lock:
            won.append(number)

    threads = [threading.Thread(target=race, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.get([INCIDENT])[0].data["by"]] == won


def test_a_document_that_firestore_refuses_is_an_error_of_ours_not_a_reason_to_retry(store):
    with pytest.raises(ValueError, match="longer than"):
        store.commit([Create(INCIDENT, {"text": "x" * 1_100_000})])


def test_topics_and_subscriptions_are_made_once_with_all_that_keeps_a_message(
    pubsub_emulator, project
):
    publisher, subscriber = pubsub.publisher(pubsub_emulator), pubsub.subscriber(pubsub_emulator)
    wanted = topology.PushSubscription("alert-fired", "open_incident", "http://127.0.0.1:9/a")
    moved = topology.PushSubscription("alert-fired", "open_incident", "http://127.0.0.1:9/b")

    topology.ensure(project, ["command-issued"], [wanted], publisher, subscriber)
    topology.ensure(project, ["command-issued"], [moved], publisher, subscriber)

    path = f"projects/{project}"
    assert {topic.name for topic in publisher.list_topics(project=path)} == {
        f"{path}/topics/command-issued",
        f"{path}/topics/alert-fired",
        f"{path}/topics/alert-fired--open_incident--dead",
    }
    made = subscriber.get_subscription(
        subscription=f"{path}/subscriptions/alert-fired--open_incident"
    )
    assert made.push_config.push_endpoint == "http://127.0.0.1:9/b"
    assert made.push_config.no_wrapper.write_metadata
    assert made.message_retention_duration == timedelta(days=7)
    assert made.dead_letter_policy.max_delivery_attempts == 5
    dead = subscriber.get_subscription(subscription=f"{made.name}--dead")
    assert dead.topic == made.dead_letter_policy.dead_letter_topic


def test_an_emulator_is_gone_when_its_block_ends(tmp_path, gcs_emulator):
    with emulators.start_gcs(tmp_path, {}) as address:
        host, _, port = address.partition(":")
        assert address != gcs_emulator
        socket.create_connection((host, int(port)), 5).close()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)
    assert (tmp_path / "gcs-emulator.log").stat().st_size > 0
