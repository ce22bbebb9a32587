"""
Backups, exhaustively::

    python -m tests.simulation backups SEED [LAST] [--trace]   these seeds
    python -m tests.simulation copies SEED [LAST] [--trace]    of regions lost and objects rotten
    python -m tests.simulation crashes [--all | --pairs]       every kind of point; every point; pairs
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def main(words: Sequence[str]) -> int:
    """0 when everything holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("what", choices=("backups", "copies", "crashes"))
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("last", type=int, nargs="?")
    parser.add_argument("--trace", action="store_true", help="print every handling")
    parser.add_argument("--all", action="store_true", help="every point, not every kind of them")
    parser.add_argument("--pairs", action="store_true", help="and again during the repair")
    asked = parser.parse_args(words)

    from tests.simulation.backup_world import small
    from toban.kernel import log

    log.Settings.level = 100
    with small():
        if asked.what == "crashes":
            return _crashes(every=asked.all, pairs=asked.pairs)
        last = asked.seed if asked.last is None else asked.last
        seeds = range(asked.seed, last + 1)
        copies = asked.what == "copies"
        return sum(_seed(seed, copies=copies, trace=asked.trace) for seed in seeds) and 1


def _seed(seed: int, *, copies: bool, trace: bool) -> int:
    from tests.simulation.backup_invariants import violations
    from tests.simulation.backup_sim import BackupSimulation
    from tests.simulation.copies_sim import CopiesSimulation, at_the_end

    simulation = CopiesSimulation(seed) if copies else BackupSimulation(seed)
    simulation.run()
    if trace:
        print("\n".join(simulation.trace))
    found = violations(simulation)
    if isinstance(simulation, CopiesSimulation):
        found += at_the_end(simulation)
    print(f"seed {seed}:", {name: simulation.counts[name] for name in sorted(simulation.counts)})
    print("\n".join(found) or "every invariant holds", flush=True)
    return len(found)


def _crashes(*, every: bool, pairs: bool) -> int:
    from tests.simulation.backup_story import BACKUPS
    from tests.simulation.crash_points import Chapters

    told = Chapters(BACKUPS)
    points = told.passed if every else told.kinds()
    bad = tried = 0
    for step, index, name in points:
        for second in range(40 if pairs else 1):
            run, wrong = told.crash(step, index, *((second,) if second else ()))
            if len(set(run.crashed)) > 1:
                break  # the second one hit another handling already
            tried += 1
            if wrong:
                bad += 1
                print(f"“{BACKUPS.steps[step].name}” at {name} ({index}+{second}): {wrong[:3]}")
    print(f"{tried} deaths at {len(points)} points, {bad} of them changed the end")
    return 1 if bad else 0
