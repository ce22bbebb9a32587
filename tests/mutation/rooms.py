"""The rooms that are broken, and which tests are asked."""

from __future__ import annotations

ROOMS = ("kernel", "incidents", "notify", "oncall", "backups")

LEVELS = (
    ("tests/unit", "tests/security"),
    ("tests/chains", "tests/contract"),
    ("tests/simulation",),
)
"""The quick ones first: of a later level only what the earlier ones left alive."""

SECONDS = (10.0, 15.0, 40.0)
"""How long the tests of a level may take for one mutant, by what they take undisturbed: the quickest first."""

OWN = 30.0
"""The same for the unit tests of the room itself."""

LEFT_OUT = ("_mutants.py", "crashes.py", "crashes_sqlite.py", "test_year.py", "test_seeds.py")
"""They break things themselves, or take minutes."""

FEW_SEEDS = ("--seeds", "4", "--first-seed", "1")
"""What a simulation plays for one mutant, the same every time."""
