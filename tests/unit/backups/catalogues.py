"""Random catalogues and policies, drawn so that what is rare in life is common."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from toban.backups.policy.retention import Policy, RetentionEntry

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "America/St_Johns", "Pacific/Apia")
STATUSES = (
    *("verified",) * 10,
    *("finished", "partial", "failed", "running", "unchanged", "deleting", "deleted"),
)


def policy(chance: random.Random) -> Policy:
    """Rules that mostly are small, so that they are used up within a small catalogue."""
    while True:
        counts = [chance.choice((0, 0, 1, 2, 3, 7, 30)) for _ in range(5)]
        forever = chance.random() < 0.05
        if any(counts) or forever:
            return Policy(
                daily=counts[0],
                weekly=counts[1],
                monthly=counts[2],
                yearly=counts[3],
                keep_days=counts[4],
                forever=forever,
                zone=chance.choice(ZONES),
                minimum_verified=chance.choice((1, 1, 2, 3)),
            )


def catalogue(chance: random.Random, size: int | None = None) -> list[RetentionEntry]:
    """Starts at few distinct moments around days' ends; chains, pins, leases, wrong clocks."""
    size = chance.randrange(40) if size is None else size
    spread = chance.choice((3, 30, 400, 2000))  # days
    only_verified = chance.random() < 0.3
    series = chance.choice(((("", "", ""),), (("shop", "db", "daily"), ("shop", "db", "weekly"))))
    ids = [f"b{chance.randrange(10**9):09}-{number}" for number in range(size)]
    found = []
    for number, id_ in enumerate(ids):
        hours = chance.choice((0, 0, 5, 9, 23, 24, 30)) + 24 * chance.randrange(-2, spread)
        service, source, class_ = chance.choice(series)
        needs = ()
        if chance.random() < 0.25:
            # Mostly earlier ones of the list (no circle), sometimes any, sometimes an unknown one.
            where = ids[:number] if chance.random() < 0.9 else [*ids, "gone"]
            needs = tuple(chance.sample(where, min(len(where), chance.choice((1, 1, 2)))))
        regions = chance.choice((("tokyo",), ("tokyo", "osaka"), ("tokyo", "osaka"), ("osaka",)))
        found.append(
            RetentionEntry(
                id=id_,
                status="verified" if only_verified else chance.choice(STATUSES),
                service=service,
                source=source,
                class_=class_,
                started_at=NOW - timedelta(hours=hours),
                regions=regions if chance.random() < 0.97 else (),
                doubtful=("osaka",) if chance.random() < 0.05 else (),
                pinned=chance.random() < 0.08,
                needs=needs,
                restores=("restore-1",) if chance.random() < 0.05 else (),
            )
        )
    return found


policies = st.integers(0, 2**32).map(lambda seed: policy(random.Random(seed)))

_moments = st.one_of(
    st.integers(-50, 24 * 900).map(lambda hours: NOW - timedelta(hours=hours)),
    st.integers(0, 60 * 24 * 40).map(lambda minutes: NOW - timedelta(minutes=minutes)),
)


@st.composite
def catalogues(draw: st.DrawFn) -> list[RetentionEntry]:
    """For hypothesis, which makes a failing one small."""
    size = draw(st.integers(0, 25))
    found: list[RetentionEntry] = []
    for number in range(size):
        bases = [e.id for e in found]
        found.append(
            RetentionEntry(
                id=f"b{number}",
                status=draw(st.sampled_from(STATUSES)),
                class_=draw(st.sampled_from(("", "", "weekly"))),
                started_at=draw(_moments),
                regions=draw(st.sampled_from((("a",), ("a", "b"), ("b",)))),
                doubtful=draw(st.sampled_from(((),) * 9 + (("b",),))),
                pinned=draw(st.sampled_from((False,) * 9 + (True,))),
                needs=tuple(
                    draw(st.lists(st.sampled_from(bases), max_size=1, unique=True)) if bases else ()
                ),
                restores=draw(st.sampled_from(((),) * 9 + (("r",),))),
            )
        )
    return found
