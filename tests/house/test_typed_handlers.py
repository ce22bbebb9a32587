"""What the type checker refuses of a handler table: each violation is tried in a module of its own lines."""

from __future__ import annotations

import re
from pathlib import Path

import mypy.api
import pytest

from toban.events import IncidentOpened
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.topology.generate import ROOT

TRIALS = """
from toban.events import IncidentOpened, IncidentRaised, IncidentResolved, PagingEvent
from toban.kernel.handling.decision import Decision, Translation
from toban.kernel.handling.effect import Done, Effect, EffectDocument, Result
from toban.kernel.handling.handle import Handlers
from toban.kernel.handling.job import GaveUp, Hold, Job, JobDocument
from toban.kernel.work import Work


class Call(EffectDocument, kw_only=True): ...
class Digging(JobDocument, kw_only=True): ...
class Other(JobDocument, kw_only=True): ...


def opened(event: IncidentOpened, work: Work) -> None: ...
def resolved(event: IncidentResolved, work: Work) -> None: ...
def paging(event: PagingEvent, work: Work) -> None: ...

def name(event: IncidentOpened, work: Work) -> Call | None: return None
def call(document: Call, event: IncidentOpened, work: Work) -> Result: return Done()
def note(document: Call, event: IncidentOpened, result: Result, work: Work) -> None: ...
def note_other(document: Call, event: IncidentResolved, result: Result, work: Work) -> None: ...
def note_blind(document: Call, result: Result, work: Work) -> None: ...

def claim(event: IncidentOpened, work: Work) -> Digging | None: return None
def dig(job: Digging, event: IncidentOpened, hold: Hold[Digging]) -> str | int: return 1
def dig_other(job: Digging, event: IncidentResolved, hold: Hold[Digging]) -> str | int: return 1
def done(job: Digging, result: str | int | GaveUp, work: Work) -> None: ...
def done_str(job: Digging, result: str | GaveUp, work: Work) -> None: ...
def done_hopeful(job: Digging, result: str | int, work: Work) -> None: ...

# Right:
Handlers().on(IncidentOpened, Decision(opened)).on(IncidentResolved, Translation(resolved))
Handlers().on(IncidentOpened, Decision(paging)).on(IncidentRaised, Translation(paging))
Handlers().on(IncidentOpened, Effect(Call, name, call, note))
Handlers().on(IncidentOpened, Job(Digging, claim, dig, done))

# Bound to the wrong event:
Handlers().on(IncidentOpened, Decision(resolved))  # refused
Handlers().on(IncidentOpened, Translation(resolved))  # refused
Handlers().on(PagingEvent, Decision(opened))  # refused
Handlers().on(IncidentResolved, Effect(Call, name, call, note))  # refused
Handlers().on(IncidentResolved, Job(Digging, claim, dig, done))  # refused
Handlers().on(IncidentOpened, Effect(Call, name, call, note_other))  # refused
Handlers().on(IncidentOpened, Job(Digging, claim, dig_other, done))  # refused

# An effect or a job that does not hang together:
Effect(Call, name, call, note_blind)  # refused
Effect(Other, name, call, note)  # refused
Job(Digging, claim, dig)  # refused
Job(Digging, claim, dig, done_str)  # refused
Job(Digging, claim, dig, done_hopeful)  # refused
Job(Other, claim, dig, done)  # refused
"""


def test_the_type_checker_refuses_what_does_not_fit_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = tmp_path / "handler_trials.py"
    module.write_text(TRIALS)
    monkeypatch.chdir(ROOT)
    said, trouble, _ = mypy.api.run(["--config-file", "pyproject.toml", str(module)])
    refused = {int(number) for number in re.findall(r"handler_trials\.py:(\d+): error", said)}
    expected = {n for n, line in enumerate(TRIALS.splitlines(), 1) if line.endswith("# refused")}
    assert (refused, trouble) == (expected, ""), said


def test_one_event_has_one_handler_in_a_table():
    table = Handlers().on(IncidentOpened, Decision(lambda event, work: None))
    with pytest.raises(ValueError, match="IncidentOpened has a handler already"):
        table.on(IncidentOpened, Decision(lambda event, work: None))
