"""
A real Alertmanager, alone and as a cluster, told what two Prometheus see: the incidents are as the
world is at each point, and the simulation's senders post what it posts.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.contract.incident_desk import Desk, now
from tests.plugins import alertmanager as real
from tests.plugins.emulators import required
from tests.plugins.servers import ServerNotAvailable
from tests.simulation import managers as model
from tests.simulation.senders import Known, Timing

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("alertmanager")]

LASTS = timedelta(minutes=5)
"""What a Prometheus says of an end that it has not seen."""

Input = tuple[datetime, int, dict[str, Any]]


@dataclass
class Site:
    """Alertmanagers, and what each was told when."""

    managers: list[real.Alertmanager]
    desk: Desk
    inputs: list[Input] = field(default_factory=list)

    def fires(self, start: datetime, *to: int) -> None:
        """A Prometheus goes on seeing it."""
        self._send(real.alert("Down", start, now() + LASTS), to)

    def ends(self, start: datetime, *to: int) -> None:
        """A Prometheus does not see it any more."""
        self._send(real.alert("Down", start, now()), to)

    def _send(self, alert: dict[str, Any], to: tuple[int, ...]) -> None:
        for number in to:
            self.inputs.append((now(), number, alert))
            assert self.managers[number].post(alert) == 200


@pytest.fixture
def start() -> Iterator[Callable[[int], Site]]:
    with contextlib.ExitStack() as stack:

        def begin(number: int) -> Site:
            desk = Desk()
            url = stack.enter_context(real.receiving(desk.take))
            try:
                managers = stack.enter_context(real.start_alertmanagers(url, number))
            except ServerNotAvailable as error:
                if required("alertmanager"):
                    pytest.fail(f"alertmanager is in TOBAN_REQUIRE and did not start: {error}")
                pytest.skip(f"not run: {error}")
            return Site(managers, desk)

        yield begin


def said(posts: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """What the posts say of the alert and its start, each time that it changes."""
    told: list[tuple[str, float]] = []
    for post in posts:
        for alert in post["alerts"]:
            at = msgspec.convert(alert["startsAt"], datetime)
            entry = alert["status"], round(at.timestamp(), 2)
            if told[-1:] != [entry]:
                told.append(entry)
    return told


def modelled(site: Site) -> list[dict[str, Any]]:
    """What the simulation's Alertmanagers post when they are told the same at the same times."""
    timing = Timing(
        group_wait=timedelta(seconds=real.GROUP_WAIT_S),
        group_interval=timedelta(seconds=real.GROUP_INTERVAL_S),
        peer_timeout=timedelta(seconds=real.PEER_TIMEOUT_S),
        settles=timedelta(0),
    )
    cluster = model.Cluster()
    managers = [model.Alertmanager(cluster, timing) for _ in site.managers]
    inputs = list(site.inputs)
    moment, posts = inputs[0][0], []
    for manager in managers:
        manager.wake(moment)
    while inputs or moment < site.inputs[-1][0] + timedelta(seconds=5):
        while inputs and inputs[0][0] <= moment:
            _, number, alert = inputs.pop(0)
            starts, ends = (datetime.fromisoformat(alert[k]) for k in ("startsAt", "endsAt"))
            managers[number].take(Known(alert["labels"], starts, ends), moment, moment)
        for manager in managers:
            posts += [sent.body for sent in manager.turn(moment, moment, model.always)]
        moment += timedelta(milliseconds=20)
    return posts


def test_one_that_two_prometheus_report_to(start):
    site = start(1)
    desk = site.desk
    first, second = now() - timedelta(seconds=9), now() - timedelta(seconds=5)
    site.fires(second, 0)
    desk.wait(["open"], "the younger start is told at once")
    site.fires(first, 0)
    site.ends(first, 0)
    desk.wait(["resolved"], "one of the two sees its end: the resolution has the older start")
    site.fires(second, 0)
    desk.wait(["resolved", "open"], "the other one still sees it: the merged start again")
    site.ends(second, 0)
    desk.wait(["resolved", "resolved"], "it is over for both")
    site.fires(now(), 0)
    desk.wait(["resolved", "resolved", "open"], "the next outage")
    site.ends(site.inputs[-1][0] - timedelta(milliseconds=1), 0)
    desk.wait(["resolved"] * 3, "is over")
    assert said(desk.posts) == said(modelled(site))


def test_a_cluster_whose_members_each_hear_of_one_prometheus(start):
    site = start(2)
    desk = site.desk
    first = now()
    site.fires(first, 0)
    desk.wait(["open"], "the first one tells of it")
    second = now()
    site.fires(second, 1)
    time.sleep(2 * (real.GROUP_INTERVAL_S + real.PEER_TIMEOUT_S))
    assert desk.states() == ["open"], "the second keeps silent: it was told"
    site.ends(first, 0)
    desk.wait(["resolved", "open"], "the first takes it for over, the second sees it still")
    site.ends(second, 1)
    desk.wait(["resolved", "resolved"], "it is over for both")
    assert said(desk.posts) == said(modelled(site))


def test_a_cluster_goes_on_telling_when_one_of_it_has_died(start):
    site = start(2)
    began = now()
    site.fires(began, 0, 1)
    site.desk.wait(["open"], "one of them tells of it")
    time.sleep(real.GROUP_INTERVAL_S + 2 * real.PEER_TIMEOUT_S)
    assert len(site.desk.posts) == 1
    site.managers[0].process.kill()
    site.ends(began, 1)
    site.desk.wait(["resolved"], "the other one tells of its end")
