"""From posting an alert to its notification being received, at a low rate."""

from __future__ import annotations

import time

from tests.bench.dev import Receiver, running
from tests.bench.load import Connection, Plan, request
from tests.bench.report import Row, Section, percentile, progress

ALERTS = 400
PAUSE_S = 0.03
"""After an alert is closed again, so that nothing of it is left when the next comes."""
AIM_P50_MS, AIM_P99_MS = 10.0, 50.0


def run(alerts: int = ALERTS) -> Section:
    """Post alerts one by one, each opening an incident of its own that pages one webhook."""
    progress(f"latency: {alerts} alerts, one at a time")
    receiver = Receiver()
    whole: list[float] = []
    answers: list[float] = []
    # A label of its own and no window: each alert opens an incident and pages.
    with running(receiver, by="instance", window="0s") as dev:
        plan = Plan(dev.port, "generic", alerts, run="latency")
        connection = Connection(dev.port)
        for number in range(alerts + 20):
            wanted = len(receiver.notifications) + 1
            prepared = request(plan, number)
            began = time.monotonic()
            status, answer = connection.ask(prepared)
            answered = time.monotonic()
            if status != "200" or not receiver.wait(wanted, 20):
                raise RuntimeError(f"alert {number}: {status} {answer!r}, no notification")
            if number >= 20:
                whole.append((receiver.notifications[wanted - 1][0] - began) * 1000)
                answers.append((answered - began) * 1000)
            # Resolved and closed before the next, so that no document grows.
            connection.ask(request(plan, number, "resolved"))
            if not receiver.wait(wanted + 1, 20):
                raise RuntimeError(f"alert {number} was resolved, and nobody told")
            time.sleep(PAUSE_S)
    receiver.close()
    p50, p99 = percentile(whole, 0.5), percentile(whole, 0.99)
    return Section(
        "Latency: alert posted to notification received (toban dev, SQLite, webhook)",
        (
            Row("p50", f"{p50:.1f} ms", f"<= {AIM_P50_MS:.0f} ms", p50 <= AIM_P50_MS, {"ms": p50}),
            Row("p99", f"{p99:.1f} ms", f"<= {AIM_P99_MS:.0f} ms", p99 <= AIM_P99_MS, {"ms": p99}),
            Row(
                "of which until the durable 200",
                f"p50 {percentile(answers, 0.5):.1f} ms, p99 {percentile(answers, 0.99):.1f} ms",
                data={"p50": percentile(answers, 0.5), "p99": percentile(answers, 0.99)},
            ),
        ),
        (
            f"{len(whole)} alerts, {PAUSE_S * 1000:.0f} ms of rest after each; 20 before not counted.",
        ),
    )
