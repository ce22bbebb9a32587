"""
A real Prometheus, restarted while something is wrong, before a real Alertmanager and the ingress: the
incidents are as the world is, and the simulation's Prometheus reports what it reports.

Durations are compared as whole evaluations: a busy machine evaluates late or not at all, and what
is said then still lies on the grid.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract.incident_desk import PATIENCE_S, Desk
from tests.plugins import alertmanager as manager
from tests.plugins.emulators import required
from tests.plugins.prometheus import Name, Program, exporting, prometheus
from tests.plugins.servers import ServerNotAvailable
from tests.simulation.senders import NEVER, Outage, Prometheus, Timing
from toban.local.emulated.emulators import free_port

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("prometheus")]

TIMING = Timing(evaluation=timedelta(seconds=1), resend=timedelta(seconds=4))
DISK = ("disk", "a")


@dataclass
class Site:
    """A Prometheus, what it watches, and whom it tells."""

    prometheus: Program
    desk: Desk
    wrong: set[Name] = field(default_factory=set)
    reports: list[dict[str, Any]] = field(default_factory=list)
    """What it tells an Alertmanager, as that hears it."""

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < deadline, f"{what}: {self.reports}"
            time.sleep(0.05)


@pytest.fixture
def site() -> Iterator[Site]:
    with contextlib.ExitStack() as stack:
        desk, wrong = Desk(), set[Name]()
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toban-server-")))
        exporter = stack.enter_context(exporting(lambda _: wrong, [DISK]))
        reports: list[dict[str, Any]] = []

        def hear(body: bytes) -> int:
            reports.extend(json.loads(body))
            return 200

        listening = stack.enter_context(manager.receiving(hear))
        url = stack.enter_context(manager.receiving(desk.take))
        try:
            (real,) = stack.enter_context(manager.start_alertmanagers(url))
            ports = [real.port, int(listening.rstrip("/").rpartition(":")[2])]
            started = prometheus(
                directory / "prometheus", free_port(), f"{exporter}/any", ports,
                {"disk": "critical"}, interval="1s", resend="4s",
            )  # fmt: skip
            stack.callback(started.stop, signal.SIGKILL)
            started.start()
        except ServerNotAvailable as error:
            if required("prometheus"):
                pytest.fail(f"prometheus is in TOBAN_REQUIRE and did not start: {error}")
            pytest.skip(f"not run: {error}")
        yield Site(started, desk, wrong, reports)


@dataclass(frozen=True)
class Life:
    """What is said of an alert from one start."""

    valid: timedelta
    """How long its first report counts."""
    again: timedelta
    """How long until it is reported again, at the least."""
    ends: int
    """How many ends are told of it."""


def lives(reports: list[tuple[datetime, datetime]]) -> list[Life]:
    """What is said of an alert, by starts in their order: `reports` have a start and an end."""
    found = []
    for start in sorted({start for start, _ in reports}):
        said = [end for begin, end in reports if begin == start]
        # What lasts is said to last longer each time, what is over to be over since then.
        lasting = [end for at, end in enumerate(said) if end not in said[:at] + said[at + 1 :]]
        gaps = [after - before for before, after in itertools.pairwise(lasting)]
        over = {end for end in said if said.count(end) > 1}
        found.append(Life(lasting[0] - start, min(gaps), len(over)))
    return found


def modelled() -> list[tuple[datetime, datetime]]:
    """What the simulation's Prometheus reports in such a world."""
    at = [NEVER + timedelta(days=1, seconds=seconds) for seconds in range(80)]
    replica = Prometheus(
        evaluates=timedelta(seconds=0.5),
        scrapes=timedelta(0),
        down=((NEVER, at[0]), (at[25], at[26])),
        timing=TIMING,
    )
    outage = Outage("disk", "a", "critical", at[10], at[50])
    ticks = [at[0] + timedelta(seconds=n / 2) for n in range(160)]
    return [(r.starts, r.ends) for now in ticks for r in replica.turn(now, now, [outage])]


def test_a_prometheus_that_restarts_is_one_incident_and_reports_as_in_the_simulation(site):
    def said() -> list[tuple[datetime, datetime]]:
        times = [(r["startsAt"], r["endsAt"]) for r in site.reports]
        return [msgspec.convert(each, tuple[datetime, datetime]) for each in times]

    site.wrong.add(DISK)
    site.desk.wait(["open"], "what is wrong is told")
    site.wait(lambda: len(said()) > 1, "it is said again")
    first = said()[0][0]
    site.prometheus.stop(signal.SIGKILL)
    site.prometheus.start()
    site.wait(lambda: len([s for s, _ in said() if s > first]) > 1, "a younger start after that")
    assert site.desk.states() == ["open"], "it is the same outage for whoever hears of it"
    site.wrong.clear()
    site.desk.wait(["resolved"], "it is over")
    site.wait(lambda: said().count(said()[-1]) > 1, "that it is over is said again")
    real, model = lives(said()), lives(modelled())
    assert [life.ends for life in real] == [life.ends for life in model] == [0, 1]
    for life, wanted in zip(real, model, strict=True):
        assert life.valid == wanted.valid, "how long a report counts"
        assert life.again >= wanted.again, "how soon it is said again"
        assert not life.again % TIMING.evaluation, "what is said lies on the grid"
