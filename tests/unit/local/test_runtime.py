"""`toban dev` as a process: how it starts, how it ends, and what `kill -9` leaves behind."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import payloads
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemoryStore, VirtualClock
from toban.adapters.local.sqlite.dispatcher import hold
from toban.cli import main
from toban.incidents.documents import Incident
from toban.kernel.platform import Platform
from toban.local.clockwork import Clockwork, sweep
from toban.local.emulated.emulators import free_port
from toban.local.runtime import serve
from toban.local.virtual import begin_clock
from toban.local.world import ROOT, open_world, subscriptions_of
from toban.ports import Create, Key, Query
from toban.topology.reader import load

SERVE = """
import sys
from pathlib import Path
from toban.local.runtime import serve
sys.exit(serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), "127.0.0.1"))
"""
TOKEN = "alertmanager-token"
WAIT_S = 30.0


class Dev:
    """A `toban dev` of its own."""

    def __init__(self, data: Path, services: Path) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(data), str(services), str(self.port)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "shared"),
                "TOBAN_SECRET_INGEST_ALERTMANAGER": TOKEN,
                "TOBAN_SECRET_INGEST_GENERIC": "",
                "TOBAN_PUBLIC_URL": "",  # chains set both for the whole run
                "TOBAN_SMTP_HOST": "",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def request(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            try:
                assert self.request("GET", "/healthz")[0] == 200
            except (OSError, http.client.HTTPException):
                assert self.process.poll() is None, self.process.stderr.read()
                time.sleep(0.02)
            else:
                return
        raise AssertionError("not ready")

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, errors

    def result(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, errors


@pytest.fixture
def start(tmp_path: Path):
    started: list[Dev] = []
    for name in ("services/toban.yaml", "teams/platform.yaml"):  # the others' backups come due
        (tmp_path / "infra" / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)

    def one(data: Path = tmp_path / "data", services: Path = tmp_path / "infra/services") -> Dev:
        started.append(Dev(data, services))
        return started[-1]

    yield one
    for dev in started:
        if dev.process.poll() is None:
            dev.end(signal.SIGKILL)


def test_it_says_what_it_serves_and_ends_well_on_sigterm(start):
    dev = start(services=ROOT / "infra" / "services")
    dev.wait_ready()

    status, body = dev.request("GET", "/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ready")
    assert dev.request("POST", "/no_such_function/x")[0] == 404
    assert dev.request("DELETE", "/healthz")[0] == 405
    code, said = dev.end(signal.SIGTERM)
    assert code == 0
    assert f"http://127.0.0.1:{dev.port}/ingest_alert/alertmanager" in said
    assert "alert-fired" in said
    (line,) = [line for line in said.splitlines() if "secrets not set" in line]
    assert {"TOBAN_SECRET_INGEST_GENERIC", "TOBAN_SECRET_SLACK_BOT_TOKEN"} <= set(line.split())
    assert "TOBAN_SECRET_INGEST_ALERTMANAGER" not in line
    (line,) = [line for line in said.splitlines() if "kept in the outbox" in line]
    assert "TOBAN_SMTP_HOST (" in line
    assert f"links in notifications lead to http://127.0.0.1:{dev.port}" in said


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_send_says_which_secret_the_runtime_was_started_without(
    start, tmp_path, monkeypatch, capsys, lang
):
    dev = start()
    dev.wait_ready()
    monkeypatch.setenv("TOBAN_SECRET_INGEST_GENERIC", "very-secret")
    assert main(["send", "generic", "--data", str(tmp_path / "data"), "--lang", lang]) == 1
    said = capsys.readouterr().err
    assert "TOBAN_SECRET_INGEST_GENERIC" in said
    assert "toban dev" in said
    assert "very-secret" not in said


def test_a_second_one_on_the_same_data_is_refused_with_the_reason(start):
    first = start()
    first.wait_ready()

    code, said = start().result()

    assert code == 1
    assert "already" in said
    assert first.request("GET", "/healthz")[0] == 200


def test_while_a_command_works_for_itself_it_takes_alerts_in_and_delivers_them_after_that(
    start, tmp_path: Path
):
    data = tmp_path / "data"
    data.mkdir()
    command = hold(data / "toban.db.dispatcher")  # what a command holds that delivers itself
    dev = start(data)
    dev.wait_ready()
    body = payloads.alertmanager(payloads.alert())
    assert dev.request("POST", "/ingest_alert/alertmanager?service=shop", body)[0] == 200
    with open_world(data) as world:
        assert world.platform.store.query(Query(Incident.COLLECTION)) == []

        command.close()

        deadline = time.monotonic() + WAIT_S
        while not world.platform.store.query(Query(Incident.COLLECTION)):
            assert time.monotonic() < deadline, "never delivered"
            time.sleep(0.02)
    code, said = dev.end(signal.SIGTERM)
    assert code == 0
    assert said.count("deliveries wait: a command works on these data") == 1


def test_it_ends_well_while_a_command_still_works(start, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    with hold(data / "toban.db.dispatcher"):
        dev = start(data)
        dev.wait_ready()
        assert dev.end(signal.SIGTERM)[0] == 0


def test_a_data_directory_that_cannot_be_is_named(tmp_path: Path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert serve(tmp_path / "file", None, 0, quiet=True) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_broken_profile_is_named_with_its_line_and_nothing_starts(start, tmp_path: Path):
    services = tmp_path / "services"
    services.mkdir()
    (services / "shop.yaml").write_text("service:\n  id: shop\n  nmae: Shop\n")

    code, said = start(services=services).result()

    assert code == 2
    assert "shop.yaml:3" in said


def test_alerts_that_were_accepted_survive_kill_9(start, tmp_path: Path):
    accepted = []
    for number in range(3):
        dev = start()
        dev.wait_ready()
        for each in range(5):
            name = f"Rule{number}{each}"
            alert = payloads.alert(
                f"web-{number}{each}", name=name, fingerprint=f"{number}{each:015x}"
            )
            status, _ = dev.request(
                "POST", "/ingest_alert/alertmanager", payloads.alertmanager(alert)
            )
            assert status == 200
            accepted.append(name)
        dev.end(signal.SIGKILL)
    last = start()
    last.wait_ready()

    with open_world(tmp_path / "data", environ={}) as world:
        deadline = time.monotonic() + WAIT_S
        while any(world.bus.pending().values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        alerts = world.platform.store.query(Query("alerts"))
        assert sorted(alert.data["rule"] for alert in alerts) == accepted
        incidents = {s.key.id for s in world.platform.store.query(Query(Incident.COLLECTION))}
        assert {alert.data["incident"] for alert in alerts} <= incidents
        assert world.dead_letters.counts() == {}


class Laptop:
    """The clockwork on a virtual clock, turned by hand."""

    def __init__(self) -> None:
        self.clock = VirtualClock(datetime(2026, 11, 24, 3, 0, 30, tzinfo=UTC))
        topology = load()
        self.bus = MemoryBus(subscriptions_of(topology), self.clock, topology.topics)
        self.platform = Platform(
            store=MemoryStore(), bus=self.bus, blobs=MemoryBlobs(), clock=self.clock
        )
        self.topology = topology
        self.start()

    def start(self) -> None:
        self.clockwork = Clockwork(self.platform, self.topology)
        self.clockwork.turn()

    def after(self, seconds: float) -> list[str]:
        """Ids of what was published by then."""
        self.clock.advance(timedelta(seconds=seconds))
        self.clockwork.turn()
        found = [d.message.attributes["ce-id"] for d in self.bus.due()]
        while self.bus.deliver_next(lambda delivered: None) is not None:
            pass
        return found


def test_a_schedule_is_published_once_for_each_slot():
    laptop = Laptop()

    assert laptop.after(29) == []
    assert laptop.after(1) == ["/schedules/each-minute|2026-11-24T03:01Z"]
    assert laptop.after(1) == []
    assert laptop.after(60) == ["/schedules/each-minute|2026-11-24T03:02Z"]


def test_of_the_slots_missed_while_nothing_ran_the_newest_is_made_up_for():
    laptop = Laptop()
    laptop.clock.advance(timedelta(hours=1))
    laptop.start()

    found = laptop.after(0)
    assert found[:2] == [
        "/schedules/each-minute|2026-11-24T04:00Z",
        "/schedules/redrive|2026-11-24T04:00Z",
    ]
    found.remove("/schedules/backup-watch|2026-11-24T04:00Z")  # delivered to two functions
    assert len({id_.partition("|")[0] for id_ in found}) == len(found), "each at most once"
    assert laptop.after(1) == []


def test_receipts_are_removed_when_their_time_is_over():
    laptop = Laptop()
    store, now = laptop.platform.store, laptop.clock.now()
    for name, days in (("old", -1), ("young", 1)):
        expires = now + timedelta(days=days)
        store.commit([Create(Key("receipts", name), {"id": name, "expires_at": expires})])

    assert sweep(laptop.platform, now) == 1
    assert [s.key.id for s in store.query(Query("receipts"))] == ["young"]


@pytest.mark.parametrize(
    ("lang", "taken", "running"),
    [("en", "choose another port by --port", "runs on"), ("ja", "--port で", "ではすでに")],
)
def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path, capsys, lang, taken, running):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert serve(tmp_path / "data", None, port, "127.0.0.1", language=lang) == 1
        said = capsys.readouterr().err
        assert f"127.0.0.1:{port}" in said
        assert taken in said
        assert "Address already in use" not in said
        with hold(tmp_path / "data" / "toban.db.dispatcher"):  # this directory's own runtime
            assert serve(tmp_path / "data", None, port, "127.0.0.1", language=lang) == 1
        assert running in capsys.readouterr().err


def test_another_clock_than_the_directory_has_is_refused_in_the_language_of_the_user(
    tmp_path, capsys
):
    at = datetime(2026, 11, 24, tzinfo=UTC)
    begin_clock(tmp_path, virtual=True, at=at)
    assert serve(tmp_path, None, 0, language="ja") == 2
    assert "仮想時計のディレクトリです" in capsys.readouterr().err
    assert serve(tmp_path, None, 0, language="ja", virtual=True, at=at - timedelta(days=1)) == 2
    assert "時刻は戻せません" in capsys.readouterr().err
