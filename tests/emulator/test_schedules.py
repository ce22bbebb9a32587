"""From a job of Cloud Scheduler (a stand-in) through the real Pub/Sub emulator to an event."""

from __future__ import annotations

import argparse
import http.server
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.pubsub_v1 import types

from tests.plugins.scheduler_standin import CloudScheduler
from tests.unit.schedules.services import profile, the_map
from toban.adapters.google import scheduler
from toban.adapters.google.pubsub import bus as pubsub
from toban.adapters.google.pubsub import push, topology
from toban.cli.kit.terminal import Terminal
from toban.cli.profiles import cloud
from toban.events.backups import BackupDue
from toban.kernel.documents import Documents
from toban.kernel.event import Event, from_message
from toban.ports import Delivered
from toban.profile.store import applied
from toban.profile.version import profile_version
from toban.topology.schedules import wanted

pytestmark = pytest.mark.emulator

DAILY = "toban-chat--main-db--daily"
SOURCE = "/schedules/chat--main-db--daily"


class Receiver:
    """Where the subscription pushes to."""

    def __init__(self) -> None:
        self.deliveries: list[Delivered] = []
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.deliveries.append(push.delivered(dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, count: int) -> list[Event]:
        deadline = time.monotonic() + 20
        while len(self.deliveries) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return [from_message(d.message) for d in self.deliveries]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def standin(pubsub_emulator, project, receiver) -> Iterator[CloudScheduler]:
    """It publishes as Cloud Scheduler does: data and attributes of the job, and nothing else."""
    publisher = pubsub.publisher(pubsub_emulator)
    subscriber = pubsub.subscriber(pubsub_emulator)
    subscription = topology.PushSubscription("backup-due", "start_backup", receiver.url)
    topology.ensure(project, ["backup-due"], [subscription], publisher, subscriber)

    def publish(topic: str, data: bytes, attributes: dict[str, str]) -> None:
        publisher.publish(
            topic=topic, messages=[types.PubsubMessage(data=data, attributes=attributes)]
        )

    with CloudScheduler(publish) as running:
        client = scheduler.connect.__wrapped__(running.address)
        parent = scheduler.parent_of(project, "asia-northeast1")
        jobs = wanted(the_map(), [profile("chat")], project)
        scheduler.apply(client, parent, scheduler.plan(client, parent, jobs))
        running.client, running.parent = client, parent
        yield running
        client.transport.close()


def run(standin: CloudScheduler) -> None:
    standin.client.run_job(name=f"{standin.parent}/jobs/{DAILY}")


def test_a_job_arrives_as_the_event_of_its_minute(standin, receiver):
    before = datetime.now(UTC) - timedelta(seconds=2)
    run(standin)
    (event,) = receiver.wait(1)
    assert event.body == BackupDue(service="chat", source="main-db", class_="daily")
    assert before <= event.time <= datetime.now(UTC) + timedelta(seconds=2)
    assert event.id == f"{SOURCE}|{event.time:%Y-%m-%dT%H:%MZ}"


def test_what_is_due_is_published_once(standin, receiver):
    at = datetime.now(UTC) + timedelta(days=1)
    assert DAILY in standin.fire(at)
    assert DAILY not in standin.fire(at)
    (event,) = receiver.wait(1)
    assert event.source == SOURCE


def test_a_dead_letter_is_still_the_event_it_was(standin, receiver, project, pubsub_emulator):
    receiver.status = 500
    run(standin)
    first = receiver.wait(5)[0]
    letters = pubsub.PubSubDeadLetters(project, lambda: pubsub.subscriber(pubsub_emulator))
    deadline, found = time.monotonic() + 20, []
    while not found and time.monotonic() < deadline:
        found = letters.pull("backup-due--start_backup", 1)
    (letter,) = found
    assert from_message(letter.message) == first, "id and time of the first publication"


def test_apply_writes_profiles_to_firestore_and_jobs_to_cloud_scheduler(
    standin, project, firestore_emulator, monkeypatch, capsys, tmp_path
):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    monkeypatch.setattr(scheduler, "connect", lambda: standin.client)
    monkeypatch.setattr(cloud, "load", the_map)
    place = cloud.ProjectLocation(project, "asia-northeast1")
    asked = argparse.Namespace(dry_run=False, json=False, yes=False, services=tmp_path)
    chat, cafe = profile("chat"), profile("cafe")
    assert cloud.reconcile(asked, Terminal("en"), place, [chat]) == 0
    assert cloud.reconcile(asked, Terminal("en"), place, [cafe]) == 0
    found = applied(Documents(cloud.documents(project), datetime.now(UTC)))
    versions = {id: profile_version(stored) for id, stored in found.items()}
    assert versions == {"cafe": profile_version(cafe), "chat": profile_version(chat)}
    assert "toban-cafe--main-db--daily" in standin.names()
    assert DAILY in standin.names()
    assert "Nothing" not in capsys.readouterr().out
