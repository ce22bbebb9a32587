"""Which seed notices a broken variant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulation.mutants import Mutant

MOST = 200
"""Seeds within which a broken variant has to be caught, or "no violations" means nothing."""


def has_to_be_caught(
    mutant: Mutant,
    broken: Callable[[int], list[str]],
    record_property: Callable[[str, object], None],
) -> None:
    """Fail unless its own seed or one of `MOST` notices the defect; put on the table which one does."""
    for seed in dict.fromkeys((mutant.seed, *range(MOST))):
        with mutant.apply():
            try:
                found = broken(seed)
            except (AttributeError, NameError, TypeError):
                raise  # the variant does not fit the code any more, and proves nothing
            except Exception as error:  # noqa: BLE001 a defect may well break the world
                found = [f"{type(error).__name__}: {error}"]
        if found:
            other = "" if seed == mutant.seed else f" (and no longer {mutant.seed})"
            record_property("mutant", f"{mutant.name:32} seed {seed}{other}: {found[0][:80]}")
            return
    pytest.fail(f"nothing caught: {mutant.defect}")
