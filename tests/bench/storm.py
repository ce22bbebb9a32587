"""A storm: 10,000 alerts of 1,000 fingerprints on one service, as fast as they are taken."""

from __future__ import annotations

import sqlite3

from tests.bench.dev import Dev, Receiver, running
from tests.bench.load import Plan, Result, send
from tests.bench.report import Row, Section, progress

ALERTS, FINGERPRINTS, RULES, CONNECTIONS = 10_000, 1_000, 20, 8

_COUNT_WRITES = """
CREATE TABLE bench_writes (
    collection TEXT, id TEXT, n INTEGER, PRIMARY KEY (collection, id)
) WITHOUT ROWID;
CREATE TRIGGER bench_created AFTER INSERT ON documents BEGIN
    INSERT INTO bench_writes VALUES (new.collection, new.id, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER bench_changed AFTER UPDATE ON documents BEGIN
    INSERT INTO bench_writes VALUES (new.collection, new.id, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
"""


def run(alerts: int = ALERTS) -> Section:
    """Post them over 8 connections and look at what became of them."""
    progress(f"storm: {alerts} alerts of {FINGERPRINTS} fingerprints")
    receiver = Receiver()
    with running(receiver) as dev:
        with sqlite3.connect(dev.data / "toban.db") as database:
            database.executescript(_COUNT_WRITES)
        plan = Plan(
            dev.port, "generic", alerts, CONNECTIONS, 0, FINGERPRINTS, rules=RULES, run="storm"
        )
        result = send(plan)
        progress("storm: draining")
        drained = dev.drained()
        section = _section(alerts, dev, receiver, result, drained)
    receiver.close()
    return section


def _section(alerts: int, dev: Dev, receiver: Receiver, result: Result, drained: float) -> Section:
    whole = drained - result.began
    incidents = dev.one("SELECT count(*) FROM documents WHERE collection = 'incidents'")
    kept = dev.one("SELECT count(*) FROM documents WHERE collection = 'alerts'")
    odd = dev.one("SELECT count(*) FROM documents WHERE collection = 'parked'")
    odd += dev.one("SELECT count(*) FROM dead_letters")
    hottest = dev.rows("SELECT collection, id, n FROM bench_writes ORDER BY n DESC LIMIT 1")[0]
    writes = int(str(hottest[2]))
    first = receiver.notifications[0][0] - result.began if receiver.notifications else None
    nothing_lost = result.accepted == alerts and kept == FINGERPRINTS and odd == 0
    total = dev.one("SELECT sum(n) FROM bench_writes")
    return Section(
        f"Storm: {alerts:,} alerts of {FINGERPRINTS:,} fingerprints and {RULES} rules, one service",
        [
            Row("incidents", str(incidents), "1", incidents == 1, {"incidents": incidents}),
            Row(
                "first POST to the first notification",
                "none came" if first is None else f"{first * 1000:.0f} ms",
                "<= 1,000 ms",
                first is not None and first <= 1.0,
                {"s": first},
            ),
            Row(
                f"hottest document ({hottest[0]}): {writes} writes",
                f"{writes / whole:.2f} /s on average",
                "<= 1 /s",
                writes <= max(1.0, whole),
                {"document": f"{hottest[0]}/{hottest[1]}", "writes": writes, "seconds": whole},
            ),
            Row(
                "accepted, fingerprints kept, parked or given up",
                f"{result.accepted:,}, {kept:,}, {odd}",
                f"{alerts:,}, {FINGERPRINTS:,}, 0",
                nothing_lost,
                {"accepted": result.accepted, "alerts": kept, "parked_or_dead": odd},
            ),
            Row(
                "posted",
                f"in {result.seconds:.1f} s, {alerts / result.seconds:,.0f} /s",
                data={"s": result.seconds},
            ),
            Row(
                "drained",
                f"{drained - result.ended:.1f} s later, {alerts / whole:,.0f} alerts/s in all",
                data={"s": drained - result.ended, "alerts_per_s": alerts / whole},
            ),
            Row(
                "notifications; documents written per alert",
                f"{len(receiver.notifications)}; {total / alerts:.2f}",
                data={"notifications": len(receiver.notifications), "writes": total},
            ),
        ],
        (f"Every report differs (a new value), over {CONNECTIONS} connections.",),
    )
