"""Durable single-alert posts a second, and how fast the chain behind them follows."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.bench import rival
from tests.bench.dev import Dev, Receiver, running
from tests.bench.load import Plan, Result, send
from tests.bench.report import Row, Section, median, progress, spread

ROUNDS = 3
POSTS = 1000
AIM = 1000.0
_KINDS = {"generic": "toban, generic", "alertmanager": "toban, Alertmanager's webhook"}


def run(rounds: int = ROUNDS, posts: int = POSTS) -> Section:
    """Post distinct alerts, interleaved over formats, connections and the rival."""
    rates: dict[tuple[str, int], list[float]] = {}
    handled: list[float] = []
    shares: list[float] = []
    syncs: list[float] = []
    receiver = Receiver()
    with running(receiver) as dev, rival.running() as other:
        for number in range(-1, rounds):
            progress(f"throughput: round {number + 1} of {rounds}")
            count = posts if number >= 0 else 300  # the first only warms up
            syncs.append(_syncs())
            for connections in (1, 8):
                for kind in _KINDS:
                    run_name = f"{kind}-{connections}-{number}"
                    plan = Plan(dev.port, kind, count, connections, run=run_name)
                    result, drained = _post(dev, plan)
                    if number >= 0:
                        rates.setdefault((kind, connections), []).append(count / result.seconds)
                        handled.append(count / (drained - result.began))
                        shares.append(result.cpu_s / result.seconds)
                if other is not None:
                    plan = Plan(other, "api", count, connections, run=f"api-{number}")
                    result = _complete(plan, send(plan))
                    if number >= 0:
                        rates.setdefault(("api", connections), []).append(count / result.seconds)
    receiver.close()
    return Section(
        "Durable throughput: single-alert posts answered 2xx (toban dev, SQLite, synced)",
        [
            *(_row(kind, n, each, rates) for (kind, n), each in rates.items()),
            Row(
                "this disk: synced 4 KB writes, one after another",
                f"{spread(syncs)} /s",
                data={"per_s": [round(x) for x in syncs]},
            ),
            Row(
                "alerts through the whole chain, posting included",
                f"{spread(handled)} /s",
                data={"per_s": [round(x) for x in handled]},
            ),
        ],
        (
            (
                f"Median (lowest to highest) of {rounds} rounds of {posts} distinct alerts; the load"
                f" generator used {median(shares):.0%} of a core."
            ),
            "Alertmanager keeps alerts in memory: its answer promises nothing after kill -9."
            if rival.binary()
            else "Not compared: prometheus-alertmanager (a Debian package) is not installed.",
        ),
    )


def _row(
    kind: str, connections: int, each: list[float], rates: dict[tuple[str, int], list[float]]
) -> Row:
    rate = median(each)
    name = f"{_KINDS.get(kind, 'Alertmanager itself')}, {connections} connection"
    name += "s" if connections > 1 else ""
    data = {"per_s": [round(x) for x in each], "connections": connections}
    if kind == "api":
        return Row(name, f"{spread(each)} /s", data=data)
    beside = rates.get(("api", connections))
    ratio = f", {rate / median(beside):.2f} x Alertmanager" if beside else ""
    return Row(name, f"{spread(each)} /s{ratio}", f">= {AIM:,.0f} /s", rate >= AIM, data)


def _post(dev: Dev, plan: Plan) -> tuple[Result, float]:
    result = _complete(plan, send(plan))
    return result, dev.drained()


def _complete(plan: Plan, result: Result) -> Result:
    if result.accepted != plan.count:
        raise RuntimeError(f"{plan.kind}: {result.statuses} {result.problems}")
    return result


def _syncs(count: int = 200) -> float:
    """Appended and synced blocks a second: what bounds a lone durable writer."""
    with tempfile.TemporaryDirectory(prefix="toban-bench-") as folder:
        file = os.open(Path(folder, "file"), os.O_CREAT | os.O_WRONLY)
        try:
            began = time.perf_counter()
            for _ in range(count):
                os.write(file, b"x" * 4096)
                os.fdatasync(file)
            return count / (time.perf_counter() - began)
        finally:
            os.close(file)
