"""What a run found: JSON, and a table with its survivors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.mutation.judging import Result, shown

AIM = 0.95
"""Of the mutants that are not equivalent."""


def summary(
    room: str, seed: int, made: int, results: Sequence[Result], unsure: set[str]
) -> dict[str, Any]:
    """What is kept of a run, and printed as JSON; what a test noticed that fails anyway does not count."""
    counted = [result for result in results if not result.equivalent]
    noticed = sum(not r.alive and r.noticed_by not in unsure for r in counted)
    share = noticed / len(counted) if counted else 1.0
    low, high = interval(noticed, len(counted)) if len(results) < made else (share, share)
    return {
        "room": room,
        "seed": seed,
        "mutants": made,
        "asked": len(results),
        "equivalent": len(results) - len(counted),
        "noticed": noticed,
        "share": share,
        "low": low,
        "high": high,
        "failing_by_themselves": sorted(unsure),
        "results": [asdict(result) for result in results],
    }


def updated(last: dict[str, Any], results: Sequence[Result]) -> list[Result]:
    """The results of the last run, with those that were judged again since."""
    again = {(result.path, result.old, result.new): result for result in results}
    before = [Result(**one) for one in last["results"]]
    return [again.get((r.path, r.old, r.new), r) for r in before]


def interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a share: between which bounds the whole is, with 95 % confidence."""
    if not of:
        return 0.0, 1.0
    share, weight = hits / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


def table(told: dict[str, Any], results: Sequence[Result]) -> str:
    """Survivors, then how many of each operator and file, then the share."""
    alive = [result for result in results if result.alive]
    lines = [
        *(shown(result) for result in alive),
        "",
        f"{'operator':34}{'asked':>7}{'alive':>7}",
    ]
    asked, left = Counter(r.operator for r in results), Counter(r.operator for r in alive)
    lines += [f"{name:34}{count:7}{left[name]:7}" for name, count in asked.most_common()]
    lines += ["", f"{'file':60}{'asked':>7}{'alive':>7}"]
    asked, left = Counter(r.path for r in results), Counter(r.path for r in alive)
    lines += [f"{name:60}{asked[name]:7}{count:7}" for name, count in left.most_common()]
    lines += [
        f"fails by itself, what it noticed is not counted: {test}"
        for test in told["failing_by_themselves"]
    ]
    lines += [
        "",
        (
            f"{told['room']}: {told['mutants']} mutants, {told['asked']} asked (seed {told['seed']}), "
            f"{told['equivalent']} equivalent, {told['noticed']} noticed, {len(alive)} alive: "
            f"{told['share']:.1%} (95 % interval {told['low']:.1%} to {told['high']:.1%}; aim {AIM:.0%})"
        ),
    ]
    return "\n".join(lines)
