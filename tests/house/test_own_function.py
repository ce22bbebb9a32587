"""A new function without anything of its own is found, whatever it does; one with something is not."""

from __future__ import annotations

import pytest

from tests.house import own_function
from tests.house.scratch import found_by
from tests.house.tree import MAP, this

MAIN = "functions/watch_kettles/main.py"
HANDLES = """\
from toban.entry import subscriber
from toban.events import IncidentResolved
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers

main = subscriber("watch_kettles", Handlers().on(IncidentResolved, Decision(lambda event, work: None)))
"""
ENTRY = """\
functions:
  watch_kettles:
    about: {en: Watches kettles., ja: やかんを見張る。}
    consumes: [incident-resolved]
"""


def found(more: str = "", main: str = HANDLES) -> list[str]:
    texts = {MAP: this().texts[MAP].replace("functions:\n", ENTRY + more, 1), MAIN: main}
    return found_by("own_function", texts)


def test_a_function_with_nothing_of_its_own_is_found():
    (said,) = found()
    assert said.startswith(f"{MAP}: watch_kettles has no secret")
    assert "handle its events in the function that owns the document" in said


@pytest.mark.parametrize(
    "more",
    [
        "    secrets: [SMTP_PASSWORD]\n",  # deliver_notification has it
        "    writes: [incidents]\n",  # many write them
        "    reads: [alerts]\n",
    ],
)
def test_what_others_have_too_is_not_its_own(more: str):
    assert len(found(more)) == 1


@pytest.mark.parametrize(
    "more",
    [
        "    secrets: [KETTLE_TOKEN]\n",
        "    memory_mb: 1024\n",
        "    timeout_s: 300\n    ack_deadline_s: 600\n",
        "    writes: [kettles]\n",
    ],
)
def test_what_it_has_alone_justifies_it(more: str):
    assert found(more) == []


def test_a_name_that_needs_no_reason_is_told(monkeypatch):
    monkeypatch.setitem(own_function.NAMED, "open_incident", "it writes alerts alone")
    (said,) = own_function.violations(this())
    assert said.startswith("tests/house/own_function.py: NAMED has open_incident")
