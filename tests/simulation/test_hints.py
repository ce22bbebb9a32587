"""The tables of broken variants can be put right by ``pytest --hints``."""

from __future__ import annotations

import re

from tests.plugins.hints import TABLES, hinted


def test_every_variant_gets_the_seed_that_caught_it_and_nothing_else_changes() -> None:
    found = 0
    for path in TABLES.glob("*mutants.py"):
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r'\bMutant\(\s*"([^"]*)",', text):
            changed = hinted(text, name, 1234)
            assert changed.count("seed=1234") == 1, name
            assert "seed=1234" not in hinted(changed, name, 0)
            compile(changed, path.name, "exec")
            found += 1
    assert found > 60


def test_a_variant_that_is_elsewhere_changes_nothing() -> None:
    text = 'MUTANTS = (\n    Mutant("a", "b", c, seed=3),\n)\n'
    assert hinted(text, "another", 7) == text
    assert hinted(text, "a", 7) == text.replace("3", "7")
