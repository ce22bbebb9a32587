"""
Play one seed: ``python -m tests.simulation [senders] SEED [--trace] [--digest]``.

For ``backups``, ``leaps``, ``owners``, ``copies`` and ``crashes`` see `tests.simulation.backup_main`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "shared")]


def main() -> int:
    """0 when every invariant holds."""
    if sys.argv[1:2] in (["backups"], ["leaps"], ["owners"], ["copies"], ["crashes"]):
        from tests.simulation.backup_main import main as backup_main

        return backup_main(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("world", nargs="?", choices=("plain", "senders"), default="plain")
    parser.add_argument("seed", type=int)
    parser.add_argument("--trace", action="store_true", help="print every handling")
    parser.add_argument("--digest", action="store_true", help="print only a hash of the run")
    asked = parser.parse_args()

    from tests.simulation.invariants import violations
    from tests.simulation.sender_sim import SenderSimulation
    from tests.simulation.sim import Simulation
    from toban.kernel import log

    log.Settings.level = 100
    simulation = Simulation(asked.seed) if asked.world == "plain" else SenderSimulation(asked.seed)
    simulation.run()
    if asked.digest:
        print(simulation.digest())
        return 0
    if asked.trace:
        print("\n".join(simulation.trace))
    plain = not isinstance(simulation, SenderSimulation)
    found = violations(simulation) if plain else simulation.broken()
    print(simulation.rates)
    print({name: simulation.counts[name] for name in sorted(simulation.counts)})
    print("\n".join(found) or "every invariant holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
