"""
The chain under seeded faults. A failing seed is printed; play it again with

    python -m tests.simulation SEED --trace
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.plugins.seeds import Seeds
from tests.simulation.invariants import everything, violations
from tests.simulation.sim import Simulation
from toban.notify.documents import Notification

REGRESSIONS: tuple[int, ...] = (3, 16, 17, 39, 40, 50, 51, 54)
"""Seeds that once failed."""


def broken(seed: int) -> list[str]:
    simulation = Simulation(seed)
    simulation.run()
    return violations(simulation)


@pytest.mark.seeds(least=60, seconds=14, parts=6)
def test_every_invariant_holds_under_faults(seeds: Seeds) -> None:
    for seed in seeds:
        assert broken(seed) == [], f"python -m tests.simulation {seed} --trace"


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_seeds_that_once_failed_still_hold(seed: int) -> None:
    assert broken(seed) == []


def test_a_seed_gives_the_same_run_in_another_process() -> None:
    def digest(hash_seed: str) -> str:
        command = [sys.executable, "-m", "tests.simulation", "5", "--digest"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert digest("1") == digest("2") != ""


def test_the_faults_really_happen() -> None:
    counts: dict[str, int] = {}
    for seed in range(12):
        simulation = Simulation(seed)
        simulation.run()
        for name, number in simulation.counts.items():
            counts[name] = counts.get(name, 0) + number
        for record in everything(simulation.world, Notification):
            if "stopped answering" in record.error:  # its breaker was open
                counts["kept back"] = counts.get("kept back", 0) + 1

    wanted = {
        "crash", "conflict", "lost_answer", "publish_fails", "publish_twice", "trouble",
        "refused", "timeout", "rejected", "lost_ack", "silence", "kept back",
    }  # fmt: skip
    assert wanted <= {name for name, number in counts.items() if number > 0}
