"""
Backups, exhaustively::

    python -m tests.simulation backups SEED [LAST] [--trace]   these seeds
    python -m tests.simulation leaps SEED [LAST] [--trace]     with a clock that is ahead for a minute
    python -m tests.simulation owners SEED [LAST] [--trace]    of targets that go into service
    python -m tests.simulation copies SEED [LAST] [--trace]    of regions lost and objects rotten
    python -m tests.simulation keys SEED [LAST] [--trace]      of keys that are rotated
    python -m tests.simulation leap-copies SEED [LAST] [--trace]   the same, with a clock a year ahead
    python -m tests.simulation crashes [--all | --pairs]       every kind of point; every point; pairs
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any


def main(words: Sequence[str]) -> int:
    """0 when everything holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    worlds = {
        "backups": _backups,
        "leaps": _leap,
        "owners": _owner,
        "copies": _copies,
        "leap-copies": _leap_copies,
        "keys": _keys,
    }
    parser.add_argument("what", choices=(*worlds, "crashes"))
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
        play = worlds[asked.what]
        return (
            sum(_seed(seed, play, trace=asked.trace) for seed in range(asked.seed, last + 1)) and 1
        )


def _keys(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.backup_invariants import violations
    from tests.simulation.copies_sim import at_the_end
    from tests.simulation.keys_sim import KeysSimulation, keys_at_the_end

    simulation = KeysSimulation(seed)
    simulation.run()
    found = [*violations(simulation), *at_the_end(simulation), *keys_at_the_end(simulation)]
    return simulation, found


def _copies(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.backup_invariants import violations
    from tests.simulation.copies_sim import CopiesSimulation, at_the_end

    simulation = CopiesSimulation(seed)
    simulation.run()
    return simulation, [*violations(simulation), *at_the_end(simulation)]


def _leap_copies(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.leap_copies import LeapCopies

    simulation = LeapCopies(seed)
    simulation.run()
    return simulation, simulation.broken()


def _backups(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.backup_invariants import violations
    from tests.simulation.backup_sim import BackupSimulation

    simulation = BackupSimulation(seed)
    simulation.run()
    return simulation, violations(simulation)


def _leap(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.leap_invariants import violations
    from tests.simulation.leap_sim import LeapSimulation

    simulation = LeapSimulation(seed)
    simulation.run()
    return simulation, violations(simulation)


def _owner(seed: int) -> tuple[Any, list[str]]:
    from tests.simulation.owner_sim import OwnerSimulation, violations

    simulation = OwnerSimulation(seed)
    simulation.run()
    return simulation, violations(simulation)


def _seed(seed: int, play: Callable[[int], tuple[Any, list[str]]], *, trace: bool) -> int:
    simulation, found = play(seed)
    if trace:
        print("\n".join(simulation.trace))
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
