"""``python -m tests.house``: what the guards find in this tree; part of `make check`."""

from __future__ import annotations

import sys

from tests.house.guards import all_violations
from tests.house.tree import this

if __name__ == "__main__":
    found = all_violations(this())
    sys.stderr.writelines(f"{violation}\n" for violation in found)
    sys.exit(1 if found else 0)
