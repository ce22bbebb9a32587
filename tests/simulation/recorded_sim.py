"""
The chain behind an hour of real senders (`tests/recorded`): what two Prometheus and two Alertmanagers
posted while a scripted world happened to them, held against that world as `sender_sim` does.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from tests.recorded.replay import Recording
from tests.simulation.platform import START
from tests.simulation.sender_sim import Post, SenderSimulation
from tests.simulation.sim import FAULTY

BEGINS = (timedelta(minutes=20), timedelta(minutes=80), FAULTY + timedelta(minutes=3))
"""When the hour begins: amid the platform's faults, at their end, or after it."""


class RecordedSimulation(SenderSimulation):
    """One seed: the faults of the platform and the people differ, the posts are always the same."""

    hold_down = timedelta(minutes=3)

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        # So much joins one incident here that its closing passes through ten times the points.
        rates = self.rates
        self.rates = replace(rates, crash=rates.crash / 6, trouble=rates.trouble / 6)

    def _plan_alerts(self, number: int) -> None:
        rng = random.Random(self.seed)
        self.words, self.said, self.untrue = {}, {}, []
        hour = recording(START + BEGINS[self.seed % len(BEGINS)])
        self.site = hour.site()
        self.outages = self.site.outages
        for post in hour.posts():
            delay = timedelta(seconds=rng.choice((0, 0, 1, 3)))
            self._at(hour.moment(post.at) + delay, Post(post.body))
        for outage in self.outages:
            self._at(outage.end - timedelta(seconds=10), outage)


@cache
def recording(begins: datetime) -> Recording:
    """The hour, as if it had begun then."""
    return Recording(begins=begins)
