"""An event that nobody registered, that stands elsewhere or is on no map is found."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.scratch import Trial, found_by, trials, unnoticed
from tests.house.tree import MAP, this
from toban.topology.generate import ROOT
from toban.topology.schemas import bodies

EVENTS = "shared/toban/events/kettles.py"
BODY = "from toban.kernel.event import Body, event\n"
EVENT = '@event("toban.kettle.noted.v1", topic="kettle-noted")\nclass KettleNoted(Body, frozen=True): ...\n'


@pytest.mark.parametrize(
    "source",
    [
        BODY + EVENT.partition("\n")[2],
        "import toban.kernel.event as e\nclass KettleNoted(e.Body, frozen=True): ...\n",
        "from toban.events import IncidentEvent as I\nclass KettleNoted(I, frozen=True): ...\n",
    ],
)
@pytest.mark.parametrize("path", [EVENTS, "shared/toban/events/inner/kettles.py"])
def test_an_event_that_nobody_registered_is_found(path: str, source: str):
    (found,) = found_by("vocabulary", {path: source})
    assert found.startswith(f"{path}:")
    assert "nobody registers KettleNoted" in found


@pytest.mark.parametrize(
    "source",
    [BODY + EVENT, BODY.replace("event\n", "event as told\n") + EVENT.replace("@event", "@told")],
)
def test_an_event_that_is_not_on_the_map_is_found(source: str):
    (found,) = found_by("vocabulary", {EVENTS: source})
    assert found.startswith(f"{MAP}: no topic kettle-noted")


def test_an_event_of_the_map_that_is_nowhere_is_found():
    changed = this().texts[MAP].replace("toban.page.failed.v1", "toban.page.failed.v2")
    assert any("toban.page.failed.v2" in v for v in found_by("vocabulary", {MAP: changed}))


@trials(
    Trial("event", BODY + EVENT, BODY.replace("Body", "Body as B") + EVENT.replace("Body", "B"))
)
def test_an_event_outside_of_the_vocabulary_is_found(files: dict[str, str]):
    assert unnoticed("vocabulary", files) == []


def test_every_module_of_the_vocabulary_is_walked():
    """In a fresh process, which has imported nothing but the generator."""
    known = subprocess.run(
        [sys.executable, "-c", "from toban.topology.schemas import bodies; print(*bodies())"],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert set(known.stdout.split()) == set(bodies())
