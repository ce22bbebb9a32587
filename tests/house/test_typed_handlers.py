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
from toban.kernel.handling.job import Continue, Failure, JobClaim, Job, JobDocument, NothingToDo, Unfinished
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
def dig(job: Digging, event: IncidentOpened, claim: JobClaim[Digging]) -> str | Continue | Failure: return ""
def dig_two(job: Digging, event: IncidentOpened, claim: JobClaim[Digging]) -> str | int | Continue: return 1
def dig_other(job: Digging, event: IncidentResolved, claim: JobClaim[Digging]) -> str: return ""
def done(job: Digging, result: str | Unfinished, work: Work) -> None: ...
def done_two(job: Digging, result: str | int | Unfinished, work: Work) -> None: ...
def done_other(job: Digging, result: int | Unfinished, work: Work) -> None: ...
def done_hopeful(job: Digging, result: str | NothingToDo | Failure, work: Work) -> None: ...
def step(job: Digging, work: Work) -> IncidentOpened | None: return None
def no_step(job: Digging, work: Work) -> str: return ""

# Right:
Handlers().on(IncidentOpened, Decision(opened)).on(IncidentResolved, Translation(resolved))
Handlers().on(IncidentOpened, Decision(paging)).on(IncidentRaised, Translation(paging))
Handlers().on(IncidentOpened, Effect(Call, name, call, note))
Handlers().on(IncidentOpened, Job(Digging, claim, dig, done, next_step=step))
Handlers().on(IncidentOpened, Job[IncidentOpened, Digging, str | int](Digging, claim, dig_two, done_two))

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
Job(Digging, claim, dig, done_other)  # refused
Job(Digging, claim, dig, done_hopeful)  # refused
Job[IncidentOpened, Digging, str](Digging, claim, dig_two, done)  # refused
Job[IncidentOpened, Digging, str | int](Digging, claim, dig_two, done)  # refused
Job(Digging, claim, dig, done, next_step=no_step)  # refused
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
