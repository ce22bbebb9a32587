"""The rooms that are broken, and which tests are asked."""

from __future__ import annotations

ROOMS = ("kernel", "incidents", "notify", "oncall", "backups")

LEVELS = (
    (
        *(f"tests/unit/{room}/" for room in ROOMS),
        "tests/unit/profile/",
        "tests/unit/sections/",
        "tests/unit/alerts/",
        "tests/unit/actions/",
        "tests/unit/postmortems/",
        "tests/unit/schedules/",
        "tests/unit/strictyaml/",
        "tests/simulation/test_restore_",
        "tests/simulation/test_backup_order.py",
    ),
    ("tests/chains/test_backup_", "tests/house/test_statuses.py"),
    (
        "tests/unit/",
        "tests/security/",
        "tests/simulation/test_small_stories.py",
    ),
    ("tests/chains/", "tests/simulation/", "tests/house/", "tests/contract/"),
)
"""The quick ones first: of a later level only what the earlier ones left alive."""

SECONDS = (10.0, 15.0, 10.0, 40.0)
"""How long the tests of a level may take for one mutant, by what they take undisturbed."""

OWN = 30.0
"""The same for the unit tests of the room itself."""

IMPORTED = 0.5
"""What a module of tests costs besides where everything has to be imported anew."""

NEIGHBOURS = 2.0
"""The same for what noticed other mutants of the file: asked before all others."""

EVERY_CLASS = ("tests/unit/kernel/test_defaults.py",)
"""They look at whatever is defined, and reach no line of it: asked last of what runs on import."""

LEFT_OUT = ("_mutants.py", "crashes.py", "crashes_sqlite.py", "test_year.py", "test_seeds.py")
"""They break things themselves, or take minutes."""

FEW_SEEDS = ("--seeds", "4", "--first-seed", "1")
"""What a simulation plays for one mutant, the same every time."""


def level_of(test: str) -> int | None:
    """The level of a test module, or of a test in it; None: it is not asked."""
    module = test.partition("::")[0]
    found = (number for number, level in enumerate(LEVELS) if module.startswith(level))
    return None if module.endswith(LEFT_OUT) else next(found, None)
