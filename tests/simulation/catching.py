"""Which seed notices a broken variant."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.plugins.hints import HINT, Hints
from tests.simulation.mutants import Mutant

MOST = 200
"""Seeds within which a broken variant has to be caught, or "no violations" means nothing."""
LONG = 0.7
"""Seconds of a seed from which on it is worth looking for another that notices the same."""
Record = Callable[[str, object], None]
"""pytest's ``record_property``."""


def noticed(
    mutant: Mutant, broken: Callable[[int], list[str]], record_property: Record, most: int = MOST
) -> str:
    """
    Return which seed notices the defect first, and what it finds; empty: none of so many.

    `broken` plays a seed and returns what is wrong.
    """
    for seed in dict.fromkeys((mutant.seed, *range(most))):
        begun = time.process_time()
        if found := _found(mutant, broken, seed):
            quick = _quickest(mutant, broken, (time.process_time() - begun, seed))
            record_property(HINT, (mutant.name, quick))
            other = "" if seed == mutant.seed else f" (and no longer {mutant.seed}: pytest --hints)"
            return f"seed {seed}{other}: {found[0][:80]}"
    return ""


def _found(mutant: Mutant, broken: Callable[[int], list[str]], seed: int) -> list[str]:
    with mutant.apply():
        try:
            return broken(seed)
        except (AttributeError, NameError, TypeError):
            raise  # the variant does not fit the code any more, and proves nothing
        except Exception as error:  # noqa: BLE001 a defect may well break the world
            return [f"{type(error).__name__}: {error}"]


def _quickest(mutant: Mutant, broken: Callable[[int], list[str]], first: tuple[float, int]) -> int:
    """The seed that notices it in the least time: with ``--hints`` a few more are tried."""
    best = first
    for seed in range(Hints.others if first[0] > LONG else 0):
        begun = time.process_time()
        if seed != first[1] and _found(mutant, broken, seed):
            best = min(best, (time.process_time() - begun, seed))
    return best[1]


def has_to_be_caught(
    mutant: Mutant, broken: Callable[[int], list[str]], record_property: Record
) -> None:
    """Fail unless its own seed or one of `MOST` notices the defect; put on the table which one does."""
    found = noticed(mutant, broken, record_property)
    assert found, f"nothing caught: {mutant.defect}"
    record_property("mutant", f"{mutant.name:32} {found}")
