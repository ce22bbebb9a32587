"""
Where the files lie that toban reads beside its own code: the map, samples of events, the functions,
sample profiles.

In a checkout they are its top folders; a wheel brings them as data of the package
(``pyproject.toml`` says which). Nobody else asks where this package lies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import toban

PACKAGE: Final = Path(toban.__file__).resolve().parent
SHIPPED: Final = "shipped"
"""The folder of the package that a wheel has and a checkout has not."""


def root(package: Path = PACKAGE) -> Path:
    """Return the folder that holds ``events/``, ``functions/`` and ``infra/``."""
    shipped = package / SHIPPED
    return shipped if shipped.is_dir() else package.parents[1]


ROOT: Final = root()
MAP: Final = ROOT / "events" / "topology.yaml"


def is_checkout(at: Path = ROOT) -> bool:
    """Return whether there is a checkout, to which code can be added."""
    return (at / "shared" / "toban").is_dir()


def import_path(at: Path = ROOT) -> str:
    """Return what has to be on ``PYTHONPATH`` for the code that belongs to a root."""
    return str(at / "shared" if is_checkout(at) else PACKAGE.parent)
