"""
On the emulators: functions behind functions-framework die by `os._exit` at every I/O of every
handler, gunicorn starts them anew and Pub/Sub pushes again; each incident ends as if nothing had
happened.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.chains.receivers import HttpReceiver
from tests.emulator.real_crashing import TICK
from tests.emulator.real_installation import (
    Installation,
    Telling,
    crashing_root,
    differences,
    profile,
    secret_of,
    without_clockwork,
)
from tests.plugins.emulators import RUNNING, fresh_project
from toban.local.emulated.installation import EmulatedPlatform

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("crashing"), pytest.mark.slow]

MOST_POINTS = 30
"""More than any handling passes."""
PATIENCE_S = 240.0
NEVER = "crash-00"


@dataclass
class Outcome:
    """What became of all the incidents."""

    installation: Installation
    expected: list[dict[str, Any]]
    tellings: dict[str, Telling]
    broken: Telling


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    addresses = {
        "PUBSUB_EMULATOR_HOST": RUNNING.need("pubsub"),
        "FIRESTORE_EMULATOR_HOST": RUNNING.need("firestore"),
        "STORAGE_EMULATOR_HOST": f"http://{RUNNING.need('gcs')}",
    }
    directory = tmp_path_factory.mktemp("crashing")
    outside = HttpReceiver()
    outside.start()
    names = [f"{kind}-{n:02}" for kind in ("crash", "broken") for n in range(MOST_POINTS)]
    outside.broken = {f"/{name}/gone": 404 for name in names}
    secrets = {f"TOBAN_SECRET_{secret_of(n)}": f"{outside.url}/{n}/room" for n in names}
    with (
        without_clockwork(),
        EmulatedPlatform(
            directory,
            {name: profile(name, outside.url) for name in names},
            root=crashing_root(directory),
            project=fresh_project(),
            environ={**os.environ, **addresses, **secrets, **Installation.environment(directory)},
        ) as running,
    ):
        yield Installation(running, outside, directory)
    outside.stop()


@pytest.fixture(scope="module")
def outcome(installation: Installation) -> Outcome:
    """One incident undisturbed; then, side by side, one for each number of points to die after."""
    undisturbed = Telling(installation, NEVER)
    undisturbed.tell_undisturbed()
    (installation.directory / TICK).touch()
    passed = installation.noted("passed")
    most = max(number for _, _, number, _ in passed)
    tellings = {
        case: Telling(installation, case)
        for case in (f"crash-{number:02}" for number in range(1, most + 1))
    }
    after_commit = next(
        number
        for _, name, number, point in passed
        if (name, point) == ("open_incident alert.fired", "commit after")
    )
    broken = Telling(installation, f"broken-{after_commit:02}")
    broken.go_on()
    until = time.monotonic() + PATIENCE_S
    while not all(t.is_over for t in tellings.values()) and time.monotonic() < until:
        installation.pulse()
        for telling in tellings.values():
            telling.follow(undisturbed.states)
        time.sleep(0.5)
    return Outcome(installation, undisturbed.states, tellings, broken)


def test_each_incident_ends_as_if_no_process_had_died(outcome: Outcome) -> None:
    found = outcome.installation
    wrong = {
        case: [
            *found.stuck(case),
            *differences(outcome.expected[telling.stage], found.state(case)),
        ]
        for case, telling in outcome.tellings.items()
        if not telling.is_over
    }

    assert wrong == {}


def test_a_process_died_at_every_point_that_the_undisturbed_incident_passed(
    outcome: Outcome,
) -> None:
    firsts: dict[str, int] = {}
    for case, name, number, _ in outcome.installation.noted("passed"):
        if case == NEVER:
            firsts[name] = max(number, firsts.get(name, 0))
    handlers = {name.split(" ")[0] for name in firsts}
    died = {path.name for path in outcome.installation.directory.glob("died.*")}
    missed = [
        f"{name} {number}"
        for name, most in firsts.items()
        for number in range(1, most + 1)
        if f"died.crash-{number:02}.{name}" not in died
    ]

    assert handlers >= {
        "open_incident",
        "settle_incident",
        "page_responders",
        "deliver_notification",
        "escalate_incident",
        "act_on_incident",
        "draft_postmortem",
    }
    assert missed == []


def test_tick_died_at_each_of_its_points_too(outcome: Outcome) -> None:
    died = [p.read_text() for p in sorted(outcome.installation.directory.glob("died.tick.*"))]

    plain = [
        "query before", "query after", "publish before", "publish after", "commit before",
        "commit after",
    ]  # fmt: skip
    looked = [*plain[:2], *plain]  # in one minute of ten it looks for clocks ahead first
    assert len(died) >= len(plain)
    for point, at in zip(died, zip(plain, looked, strict=False), strict=False):
        assert point in at, died


def test_a_platform_that_publishes_nothing_again_is_noticed(outcome: Outcome) -> None:
    case = outcome.broken.case
    found = outcome.installation.state(case)

    assert (outcome.installation.directory / f"died.{case}.open_incident alert.fired").exists()
    assert outcome.installation.incident(case), "it was committed"
    assert outcome.installation.is_handled(case, f"{case}-fired"), "and delivered again"
    lost = [line for line in differences(outcome.expected[0], found) if " lost " in line]

    assert [line for line in lost if line.startswith("events: lost incident-opened")]
    assert "arrivals: lost /CASE/pager opened" in lost
