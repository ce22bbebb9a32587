"""`toban dev --clock virtual`: time that moves only when told to, the same for every process."""

from __future__ import annotations

import http.client
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import payloads
from tests.unit.incidents.world import SHOP
from toban.adapters.local.files.blobs import SystemClock
from toban.adapters.local.files.clock import FileClock
from toban.events import MinutePassed, RecheckDue
from toban.incidents.documents import Incident
from toban.kernel.document import decode
from toban.kernel.event import Event, timestamp, to_message
from toban.local import control
from toban.local.runtime import Runtime
from toban.local.virtual import WrongClock, begin_clock
from toban.local.world import CLOCK, clock_of, open_world
from toban.ports import Query, Unavailable

NIGHT = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
TOKEN = "alertmanager-token"


class Dev:
    """A runtime in this process, asked the way commands ask it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        clock = begin_clock(data, virtual=True, at=None if (data / CLOCK).exists() else NIGHT)
        assert clock is not None
        self.clock = clock
        self.world = open_world(data, environ={"TOBAN_SECRET_INGEST_ALERTMANAGER": TOKEN})
        self.runtime = Runtime(self.world, clock=clock)
        self.runtime.start({"shop": SHOP})
        self.runtime.__enter__()
        running = control.find(data)
        assert running is not None
        self.running = running

    def move(self, **wanted: object) -> dict:
        status, said = control.ask(self.running, "/clock", wanted)
        assert status == 200, said
        return said

    def alert(self, **fields) -> None:
        body = json.dumps(payloads.alertmanager(payloads.alert(**fields)))
        connection = http.client.HTTPConnection("127.0.0.1", self.runtime.port, timeout=30)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request("POST", "/ingest_alert/alertmanager?service=shop", body, headers)
        assert connection.getresponse().status == 200
        connection.close()

    def incidents(self) -> list[Incident]:
        found = self.world.platform.store.query(Query(Incident.COLLECTION))
        return [decode(Incident, s.data) for s in found]

    def close(self) -> None:
        self.runtime.__exit__(None, None, None)
        self.world.close()


@pytest.fixture
def dev(tmp_path: Path):
    made = Dev(tmp_path / "data")
    yield made
    made.close()


def test_nothing_that_waits_for_time_happens_before_it_moves(dev):
    dev.world.platform.bus.publish(
        [to_message(Event(id="m", source="/test", time=NIGHT, body=MinutePassed()))]
    )
    assert dev.move(seconds=0)["waiting"] == 0
    assert dev.clock.now() == NIGHT


def test_each_instant_on_the_way_is_stopped_at(dev):
    looked: list[datetime] = []
    dev.runtime._dispatcher._handlers["backup-watch-due--watch_backups"] = lambda _: looked.append(
        dev.clock.now()
    )

    moved = dev.move(seconds=3600)

    assert moved["before"] == timestamp(NIGHT)
    assert moved["now"] == timestamp(NIGHT + timedelta(hours=1))
    each = timedelta(minutes=10)  # the map's schedule, from the next slot on
    assert looked == [NIGHT + each * n for n in range(1, 7)]


def test_idle_is_when_no_message_waits_even_for_its_back_off(dev):
    tries: list[datetime] = []

    def fails(*_):
        tries.append(dev.clock.now())
        if len(tries) < 3:
            raise Unavailable("not yet")

    handlers = dev.runtime._dispatcher._handlers
    handlers["recheck-due--settle_incident"] = fails
    body = RecheckDue(incident_id="none", generation=0)
    dev.world.platform.bus.publish(
        [to_message(Event(id="r", source="/test", time=NIGHT, body=body))]
    )
    assert dev.move(seconds=0)["waiting"] == 1
    assert len(tries) == 1

    moved = dev.move(until_idle=True)

    assert len(tries) == 3
    assert moved["waiting"] == 0
    assert tries[0] < tries[1] < tries[2] <= dev.clock.now()
    assert moved["next_at"] is not None, "schedules go on, and are not waited for"


def test_time_never_goes_back(dev):
    dev.move(seconds=60)
    for wanted in ({"seconds": -1}, {"to": NIGHT.isoformat()}, {"to": "2026-11-25T00:00:00"}, {}):
        status, said = control.ask(dev.running, "/clock", wanted)
        assert status == 400, said
        assert said["error"]
    assert dev.clock.now() == NIGHT + timedelta(seconds=60)


def test_durations_asked_for_at_once_add_up(dev):
    askers = [threading.Thread(target=dev.move, kwargs={"seconds": 600}) for _ in range(3)]
    for each in askers:
        each.start()
    for each in askers:
        each.join()
    assert dev.clock.now() == NIGHT + timedelta(minutes=30)


def test_a_movement_ends_with_the_runtime_and_not_with_time(dev):
    handlers = dev.runtime._dispatcher._handlers
    handlers["backup-watch-due--watch_backups"] = lambda _: dev.runtime.driver.stop()
    status, said = control.ask(dev.running, "/clock", {"to": "9999-12-31T00:00:00Z"})
    assert (status, dev.clock.now()) == (503, NIGHT + timedelta(minutes=10)), said


def test_a_duration_that_no_calendar_holds_is_refused(dev):
    assert control.ask(dev.running, "/clock", {"seconds": 1e15})[0] == 400
    assert dev.clock.now() == NIGHT


@pytest.mark.parametrize("token", ["", "wrong", "wröng"])
def test_only_who_can_read_the_data_directory_moves_it(dev, token):
    connection = http.client.HTTPConnection("127.0.0.1", dev.runtime.port, timeout=30)
    headers = {"Authorization": f"Bearer {token}".encode(), "Content-Type": "application/json"}
    connection.request("POST", "/dev/clock", b'{"seconds": 60}', headers)
    assert connection.getresponse().status == 401
    connection.close()
    assert dev.clock.now() == NIGHT
    assert (dev.data / control.FILE).stat().st_mode & 0o077 == 0


def test_a_request_is_answered_when_all_that_follows_has_come_to_rest(dev):
    dev.alert(starts_at=NIGHT.isoformat())
    assert len(dev.incidents()) == 1
    assert dev.incidents()[0].opened_at == NIGHT


def test_another_process_sees_the_same_time(dev):
    dev.move(seconds=90)
    assert clock_of(dev.data).now() == NIGHT + timedelta(seconds=90)


def test_the_next_start_goes_on_where_time_stood(tmp_path: Path):
    first = Dev(tmp_path / "data")
    first.move(seconds=600)
    first.close()
    assert control.find(tmp_path / "data") is None
    second = Dev(tmp_path / "data")
    assert second.clock.now() == NIGHT + timedelta(seconds=600)
    second.close()


@pytest.mark.parametrize("said", ["", "soon", "2026-11-24T18:00:00", "\x80"])
def test_a_file_that_holds_no_time_is_told_with_its_path(tmp_path: Path, said: str):
    (tmp_path / CLOCK).write_text(said, encoding="latin-1")
    with pytest.raises(Unavailable, match=f"{CLOCK} holds no time"):
        FileClock(tmp_path / CLOCK)


@pytest.mark.parametrize(
    ("url", "token"), [("http://127.0.0.1:99999", "x"), ("http://127.0.0.1:{port}", "日")]
)
def test_what_no_runtime_has_recorded_is_nobody_who_answers(dev, url, token):
    stale = control.RunningRuntime(url.format(port=dev.runtime.port), token)
    with pytest.raises(OSError, match=r"."):
        control.ask(stale, "/clock", {"seconds": 1})


def test_a_data_directory_stays_with_its_clock(tmp_path: Path):
    real, virtual = tmp_path / "real", tmp_path / "virtual"
    open_world(real).close()
    with pytest.raises(WrongClock, match="machine's clock"):
        begin_clock(real, virtual=True, at=NIGHT)
    assert begin_clock(real, virtual=False, at=None) is None
    assert isinstance(clock_of(real), SystemClock)

    begin_clock(virtual, virtual=True, at=NIGHT)
    with pytest.raises(WrongClock, match="--clock virtual"):
        begin_clock(virtual, virtual=False, at=None)
    with pytest.raises(WrongClock, match="does not go back"):
        begin_clock(virtual, virtual=True, at=NIGHT - timedelta(seconds=1))


def test_a_file_clock_is_never_read_half_written(tmp_path: Path):
    clock = FileClock.begin(tmp_path / "clock", NIGHT)
    other = FileClock(tmp_path / "clock")
    wrong: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                other.now()
            except (OSError, ValueError) as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(500):
        clock.set(NIGHT + timedelta(seconds=n))
    done.set()
    reader.join()
    assert not wrong
    assert other.now() == NIGHT + timedelta(seconds=499)
