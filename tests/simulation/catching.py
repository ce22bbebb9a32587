"""Which seed notices a broken variant."""

from __future__ import annotations

from collections.abc import Callable

from tests.plugins.hints import HINT
from tests.simulation.mutants import Mutant

MOST = 200
"""Seeds within which a broken variant has to be caught, or "no violations" means nothing."""
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
        with mutant.apply():
            try:
                found = broken(seed)
            except (AttributeError, NameError, TypeError):
                raise  # the variant does not fit the code any more, and proves nothing
            except Exception as error:  # noqa: BLE001 a defect may well break the world
                found = [f"{type(error).__name__}: {error}"]
        if found:
            record_property(HINT, (mutant.name, seed))
            other = "" if seed == mutant.seed else f" (and no longer {mutant.seed}: pytest --hints)"
            return f"seed {seed}{other}: {found[0][:80]}"
    return ""


def has_to_be_caught(
    mutant: Mutant, broken: Callable[[int], list[str]], record_property: Record
) -> None:
    """Fail unless its own seed or one of `MOST` notices the defect; put on the table which one does."""
    found = noticed(mutant, broken, record_property)
    assert found, f"nothing caught: {mutant.defect}"
    record_property("mutant", f"{mutant.name:32} {found}")
