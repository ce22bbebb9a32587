"""Defects of who is called, and who is told, once somebody has taken an incident (see `taken`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.notify import deliver, page


def what_waited_goes_out() -> AbstractContextManager[Any]:
    """A page that waited calls people for what somebody has by then."""
    return mock.patch.object(deliver, "is_overtaken", return_value=False)


def nobody_hears_who_took_it() -> AbstractContextManager[Any]:
    """Only channels are told of an acknowledgement."""
    return mock.patch.object(page, "_called", return_value={})


TAKEN_MUTANTS = (
    Mutant("what waited goes out", "called for what is taken", what_waited_goes_out, seed=3),
    Mutant("nobody hears who", "called and left in the dark", nobody_hears_who_took_it, seed=1),
)
