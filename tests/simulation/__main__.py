"""
Play one seed: ``python -m tests.simulation [WORLD] SEED [--trace] [--digest]``, where the world is
``senders``, ``recorded``, ``unheard``, ``staged``, ``staged-senders`` or ``reach``.

For ``backups``, ``leaps``, ``owners``, ``copies``, ``leap-copies``, ``keys`` and ``crashes`` see
`tests.simulation.backup_main`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "shared")]


WORLDS = ("plain", "senders", "staged", "staged-senders", "unheard", "recorded", "reach")
OF_BACKUPS = ("backups", "leaps", "owners", "copies", "leap-copies", "crashes", "keys")


def main() -> int:
    """0 when every invariant holds."""
    if sys.argv[1:2] and sys.argv[1] in OF_BACKUPS:
        from tests.simulation.backup_main import main as backup_main

        return backup_main(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("world", nargs="?", choices=WORLDS, default="plain")
    parser.add_argument("seed", type=int)
    parser.add_argument("--trace", action="store_true", help="print every handling")
    parser.add_argument("--digest", action="store_true", help="print only a hash of the run")
    asked = parser.parse_args()

    from tests.simulation.invariants import violations
    from tests.simulation.reach_sim import ReachSimulation
    from tests.simulation.recorded_sim import RecordedSimulation
    from tests.simulation.sender_sim import SenderSimulation
    from tests.simulation.sim import Simulation
    from tests.simulation.staged import StagedSenders, StagedSimulation
    from tests.simulation.unheard_sim import UnheardSimulation
    from toban.kernel import log

    log.Settings.level = 100
    worlds = (
        Simulation,
        SenderSimulation,
        StagedSimulation,
        StagedSenders,
        UnheardSimulation,
        RecordedSimulation,
        ReachSimulation,
    )
    simulation: Simulation = dict(zip(WORLDS, worlds, strict=True))[asked.world](asked.seed)
    simulation.run()
    if asked.digest:
        print(simulation.digest())
        return 0
    if asked.trace:
        print("\n".join(simulation.trace))
    known = isinstance(simulation, SenderSimulation | StagedSimulation | ReachSimulation)
    found = simulation.broken() if known else violations(simulation)
    print(simulation.rates)
    print({name: simulation.counts[name] for name in sorted(simulation.counts)})
    print("\n".join(found) or "every invariant holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
