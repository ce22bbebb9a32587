"""A page has reached nobody only when each of its notifications failed, fallbacks included."""

import msgspec
import pytest

from tests.unit.notify.world import NOON, PROFILE, ListSenders, World, incident, page, paging
from toban.escalation.section import Escalation, EscalationStep
from toban.events import IncidentEscalated, NotificationFailed
from toban.incidents.documents import Incident
from toban.incidents.escalate import HANDLERS as ESCALATE
from toban.kernel.document import encode
from toban.kernel.handling.effect import Done, Failed
from toban.ports import Create
from toban.profile.version import profile_version
from toban.strictyaml.values import Seconds

# Two channels to one person, and both fall back to the same third.
CHANNELS = {
    "slack": msgspec.structs.replace(PROFILE.channels["slack"], fallback="last"),
    "mail": msgspec.structs.replace(PROFILE.channels["mail"], fallback="last"),
    "last": PROFILE.channels["last"],
}
STEP = EscalationStep(after=Seconds(0), notify=("person:aoki",), via=("slack", "mail"))
AFTER = msgspec.structs.replace(STEP, after=Seconds(900))
SHARED = msgspec.structs.replace(
    PROFILE,
    channels=CHANNELS,
    escalation=(Escalation(severities=("Warning",), steps=(STEP, AFTER)),),
)
OPENED = {
    "severity": 2,
    "severity_label": "Warning",
    "profile_version": profile_version(SHARED),
}


def play(answers) -> tuple[World, bool]:
    """Deliver a page and whatever follows; whether the next step was taken without waiting."""
    world = World(ListSenders(list(answers)), SHARED)
    world.handlers["escalate_incident"] = ESCALATE
    of = incident(**OPENED)
    document = Incident(
        id=of.id,
        service=of.service,
        profile_version=of.profile_version,
        group_key="k",
        title=of.title,
        severity=of.severity,
        severity_label=of.severity_label,
        opened_at=NOON,
        started_at=NOON,
        generation=1,
        escalating_since=NOON,
        pages=[page(0, label="Warning")],
    )
    world.store.commit([Create(Incident.key(of.id), encode(document))])
    waiting = world.page(paging(**OPENED))
    escalated = False
    for number in range(20):
        if not waiting:
            break
        world.notify(waiting.pop(0))
        for failed in world.take():
            assert isinstance(failed, NotificationFailed)
            world._hand("escalate_incident", failed, f"evt-e{number}")
            escalated |= any(isinstance(b, IncidentEscalated) for b in world.take())
            waiting += world.page(failed, f"evt-f{number}")
    return world, escalated


NO = Failed("no", retryable=False)


def test_both_channels_and_their_shared_fallback_failing_is_nobody_reached():
    _, escalated = play([NO] * 9)
    assert escalated


@pytest.mark.parametrize("reached", range(4))
def test_one_that_gets_through_is_somebody_reached(reached):
    answers = [NO] * 4
    answers[reached] = Done()
    _, escalated = play(answers)
    assert not escalated
