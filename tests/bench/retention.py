"""How long retention takes to decide over 100,000 backups."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

from tests.bench.report import Row, Section, median, progress, spread
from toban.backups.policy.retention import Policy, RetentionEntry, decide

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SIZE = 100_000
REPEATS = 5
AIM_S = 1.0


def run() -> Section:
    """Three catalogues: one long series, many series, and chains of incremental backups."""
    progress(f"retention: deciding over {SIZE:,} backups")
    gfs = Policy(daily=7, weekly=4, monthly=12, yearly=10, zone="Asia/Tokyo")
    window = Policy(daily=7, keep_days=365, zone="America/New_York")
    return Section(
        f"Retention: deciding over {SIZE:,} backups in two regions, shuffled",
        [
            _row("one hourly series, daily 7 weekly 4 monthly 12 yearly 10", _entries(), gfs),
            _row("100 series, the same rules", _entries(series=100), gfs),
            _row("100 series, daily 7 and a window of 365 days", _entries(series=100), window),
            _row("one series, each week a full one and six on it", _entries(chain=7), gfs),
        ],
        (f"Seconds of one core, median of {REPEATS} (lowest to highest).",),
    )


def _entries(series: int = 1, chain: int = 1) -> list[RetentionEntry]:
    chance = random.Random(7)
    found = [
        RetentionEntry(
            id=f"b{number}",
            status="failed" if number % 50 == 3 else "verified",
            source=f"source-{number % series}",
            started_at=NOW - timedelta(hours=number // series),
            regions=("asia-northeast1", "asia-northeast2"),
            needs=(f"b{number + series}",) if chain > 1 and number % chain else (),
        )
        for number in range(SIZE)
    ]
    chance.shuffle(found)
    return found


def _row(what: str, entries: list[RetentionEntry], policy: Policy) -> Row:
    taken = []
    kept = 0
    for _ in range(REPEATS):
        began = time.process_time()
        verdicts = decide(entries, policy, NOW)
        taken.append(time.process_time() - began)
        kept = sum(verdict.keep for verdict in verdicts)
    return Row(
        what,
        f"{spread(taken, 2)} s, {kept:,} kept",
        f"< {AIM_S:g} s",
        median(taken) < AIM_S,
        {"seconds": [round(s, 4) for s in taken], "kept": kept},
    )
