"""No incident falls silent: acknowledgements run out, steps are repeated, what joins is told."""

from datetime import timedelta

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.incidents.world import HOUSE, NOON, SHOP, World, fired, grouped, resolved
from tests.unit.notify.world import ListSenders
from toban.events import (
    AlertAttached,
    IncidentAcknowledged,
    IncidentReminded,
    PageFailed,
    ReminderDue,
)
from toban.postmortems.timeline import describe
from toban.strictyaml.values import Seconds


def minute(number: float):
    return NOON + timedelta(minutes=number)


def at(world: World, number: float, body: object) -> None:
    """Let time pass until that minute and tell `body`."""
    world.pass_time((minute(number) - world.clock.now()) / timedelta(minutes=1))
    world.tell(body)


def reminding(seconds: int) -> Profile:
    """The shop with another `remind_after`."""
    severities = tuple(
        msgspec.structs.replace(s, remind_after=Seconds(seconds)) for s in SHOP.severities
    )
    return msgspec.structs.replace(SHOP, severities=severities)


@pytest.fixture
def world() -> World:
    """An incident of P1 (escalation after 5 and 15 minutes) that began at noon."""
    world = World()
    world.tell(fired("a"))
    return world


# --- nothing happens ---------------------------------------------------------------------------


def test_an_acknowledgement_is_asked_about_and_then_runs_out(world):
    world.command("acknowledge", actor="aoki")
    world.pass_time(60)
    assert world.pages() == [("opened", 0), ("reminded", 0)]
    assert world.incident.pages[-1].to == "aoki"
    assert (world.incident.status, world.incident.remind_at) == ("acknowledged", minute(75))
    world.pass_time(15)
    assert (world.incident.status, world.incident.assignee) == ("open", "")
    assert world.pages()[2:] == [("expired", 0)]
    world.pass_time(5)
    assert world.pages()[3:] == [("escalated", 1)], "nobody has taken it: the steps go on"
    assert world.kinds()[1:4] == ["acknowledged", "reminded", "ack-expired"]


def test_whoever_is_still_on_it_says_so_and_is_left_alone(world):
    world.command("acknowledge", actor="aoki")
    world.pass_time(61)
    world.command("acknowledge", actor="aoki", generation=world.incident.generation)
    assert (world.incident.status, world.incident.assignee) == ("acknowledged", "aoki")
    assert world.incident.remind_at == minute(121)
    world.pass_time(59)
    assert world.pages() == [("opened", 0), ("reminded", 0)]
    assert len(world.told(IncidentAcknowledged)) == 2


def test_somebody_else_may_answer_the_reminder_and_has_it_then(world):
    world.command("acknowledge", actor="aoki")
    world.pass_time(61)
    world.command("acknowledge", actor="baba")
    assert (world.incident.assignee, world.incident.acknowledged_at) == ("baba", minute(61))


def test_a_second_click_without_a_reminder_changes_nothing(world):
    world.command("acknowledge", actor="aoki")
    world.clock.advance(10)
    assert world.command("acknowledge", actor="baba").outcome == "nothing"
    assert world.incident.assignee == "aoki"


def test_a_resolved_incident_reminds_nobody(world):
    world.command("acknowledge")
    world.tell(resolved("a"))
    world.pass_time(60 * 24 * 30)
    assert world.pages() == [("opened", 0)]
    assert world.incident.remind_at is None


def test_steps_that_nobody_answers_begin_again_ever_more_rarely(world):
    world.pass_time(60 * 24 * 4)
    begun = [p.at for p in world.incident.pages if p.reason == "repeated"]
    last_steps = [p.at for p in world.incident.pages if p.step == 2]
    hours = [(b - s) / timedelta(hours=1) for s, b in zip(last_steps, begun, strict=False)]
    assert hours[:6] == [1, 2, 4, 8, 16, 24]
    assert set(hours[6:]) <= {24}
    assert world.pages()[:7] == [
        ("opened", 0), ("escalated", 1), ("escalated", 2),
        ("repeated", 0), ("escalated", 1), ("escalated", 2),
        ("repeated", 0),
    ]  # fmt: skip


def test_after_somebody_acknowledged_the_repetitions_count_anew(world):
    world.pass_time(60 * 10)
    world.command("acknowledge")
    world.pass_time(75)
    assert (world.incident.status, world.incident.repeats) == ("open", 0)


@pytest.mark.parametrize(
    ("severity", "hours"), [("critical", 1), ("error", 4), ("warning", 24), ("info", 72)]
)
def test_how_long_it_holds_depends_on_the_severity(severity, hours):
    low = msgspec.structs.replace(SHOP.severities[0], label="P4", level=4, words=("info",))
    world = World(msgspec.structs.replace(SHOP, severities=(*SHOP.severities, low)), HOUSE)
    world.tell(fired(severity=severity))
    world.command("acknowledge")
    assert world.incident.remind_at == minute(60 * hours)


@pytest.mark.parametrize(("after", "grace"), [(600, 5), (3600, 15), (14_400, 60), (90_000, 60)])
def test_the_profile_may_say_how_long_and_people_are_called_a_quarter_later(after, grace):
    world = World(reminding(after), HOUSE)
    world.tell(fired())
    world.command("acknowledge")
    world.pass_time(after / 60)
    assert asked(world) == [("reminded", 0)]
    world.pass_time(grace)
    assert asked(world) == [("reminded", 0), ("expired", 0)]


def asked(world: World) -> list[tuple[str, int]]:
    """The pages after the first; that nothing is heard of its alerts is another matter."""
    return [page for page in world.pages()[1:] if page[0] != "unheard"]


def test_a_timer_of_what_has_moved_on_does_nothing(world):
    world.command("acknowledge")
    stale = ReminderDue(incident_id=world.incident.id, what="reminder", at=world.incident.remind_at)
    world.command("escalate")
    world.clock.advance(3600)
    assert [h.outcome for h in world.tell(stale)] == ["nothing"]


def test_the_reminder_goes_to_the_assignee_and_the_call_after_it_to_the_step():
    people = ListSenders()
    world = World(people=people)
    world.tell(fired())
    world.command("acknowledge", actor="Baba")
    world.pass_time(75)
    told = [(e.page.reason, e.page.to) for e in world.told(IncidentReminded)]
    assert told == [("reminded", "Baba"), ("expired", "")]
    calls = [(call.fields["kind"], call.fields["target"]) for call in people.sent]
    assert ("reminded", "Baba") in calls
    assert ("reminded", "Aoki") not in calls
    assert ("expired", "Aoki") in calls


def test_a_reminder_to_a_stranger_goes_to_those_on_duty():
    people = ListSenders()
    world = World(people=people)
    world.tell(fired())
    world.command("acknowledge", actor="slack")
    world.pass_time(60)
    calls = [(call.fields["kind"], call.fields["target"]) for call in people.sent]
    assert ("reminded", "Aoki") in calls


# --- something joins -----------------------------------------------------------------------------


def test_a_new_occurrence_inside_an_acknowledged_incident_calls_people(world):
    world.tell(fired("b"))
    world.command("acknowledge")
    at(world, 10, resolved("b", ends_at=minute(9)))
    at(world, 20, fired("b", at=20))
    assert world.incident.status == "acknowledged", "it is still taken"
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_another_instance_inside_an_acknowledged_incident_calls_people(world):
    world.command("acknowledge")
    at(world, 20, fired("b", at=20))
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_a_new_occurrence_whose_predecessors_end_was_lost_calls_people(world):
    world.command("acknowledge")
    at(world, 20, fired("a", at=20))
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_many_instances_call_people_once_and_once_more_at_the_end_of_the_window(world):
    world.command("acknowledge")
    for number in range(30):
        at(world, 20 + number / 10, fired(f"b{number}", at=20))
    assert world.pages()[1:] == [("joined", 0)]
    world.pass_time(30)
    assert [(p.reason, p.at) for p in world.incident.pages[1:]] == [
        ("joined", minute(20)),
        ("joined", minute(25)),
    ]


def test_what_is_over_by_then_calls_nobody(world):
    world.command("acknowledge")
    at(world, 20, fired("b", at=20))
    at(world, 21, fired("c", at=21))
    at(world, 22, resolved("c", at=21, ends_at=minute(22)))
    world.pass_time(20)
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_late_news_that_an_alert_joined_calls_nobody_when_it_has_cleared(world):
    world.tell(fired("b"))
    world.command("acknowledge")
    world.pass_time(10)
    world.before_commit("open_incident", lambda: None)
    world.handlers.pop("settle_incident")
    world.tell(fired("c", at=10))
    (joined,) = [b for b in world.history if type(b).__name__ == "AlertAttached"][-1:]
    world.tell(resolved("c", at=10, ends_at=minute(11)))
    from toban.incidents import settle

    world.handlers["settle_incident"] = settle.HANDLERS
    world.pass_time(10)
    world.tell(joined)
    assert world.pages() == [("opened", 0)]


def test_when_all_steps_were_taken_a_new_occurrence_begins_them_again(world):
    world.pass_time(16)
    assert world.incident.next_step_at is None
    at(world, 30, fired("b", at=30))
    assert world.pages()[3:] == [("joined", 0)]
    world.pass_time(5)
    assert world.pages()[4:] == [("escalated", 1)]


def test_while_the_steps_go_on_an_instance_waits_for_the_next_one(world):
    at(world, 1, fired("b", at=1))
    world.pass_time(2)
    assert world.pages() == [("opened", 0)]


def test_what_waited_for_a_step_is_told_after_an_acknowledgement(world):
    at(world, 2, fired("b", at=2))
    world.command("acknowledge")
    assert world.pages() == [("opened", 0)]
    world.pass_time(3)
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_what_waited_longer_than_the_window_is_told_with_the_acknowledgement(world):
    """Called at noon and five past; the step of a quarter past would have told of it."""
    at(world, 11, fired("b", at=11))
    assert world.pages() == [("opened", 0), ("escalated", 1)]
    world.command("acknowledge")
    assert world.pages()[2:] == [("joined", 1)]
    assert world.incident.status == "acknowledged"


def test_what_came_in_the_same_breath_is_one_trouble(world):
    world.clock.advance(2)
    world.tell(fired("b"))
    world.command("acknowledge")
    world.pass_time(30)
    assert world.pages() == [("opened", 0)]


def test_another_rule_in_a_taken_incident_has_to_be_taken_too(world):
    """Whoever acknowledged knows of the first trouble, not of this one."""
    world.command("acknowledge")
    at(world, 3, fired("b", at=3, rule="disk"))
    assert world.pages()[1:] == [("joined", 0)]
    world.pass_time(5)
    assert world.pages()[2:] == [("reminded", 0)]
    (reminded,) = [entry for entry in world.incident.timeline if entry.kind == "reminded"]
    assert "Alerts have joined since the acknowledgement" in describe("en", reminded)
    world.pass_time(15)
    assert world.pages()[3:] == [("expired", 0)]


def test_another_rule_where_there_is_one_step_only_leaves_the_reminder_where_it_was():
    one = msgspec.structs.replace(
        SHOP.escalation[0], severities=("P1", "P2", "P3"), steps=SHOP.escalation[0].steps[:1]
    )
    world = World(msgspec.structs.replace(grouped(by=("service",)), escalation=(one,)), HOUSE)
    world.tell(fired())
    world.command("acknowledge")
    reminder = world.incident.remind_at
    at(world, 3, fired("b", at=3, rule="disk"))
    assert world.pages() == [("opened", 0), ("joined", 0)]
    assert reminder is not None
    assert world.incident.remind_at == reminder


def test_an_answer_takes_the_other_rule_as_well(world):
    world.command("acknowledge")
    at(world, 3, fired("b", at=3, rule="disk"))
    world.command("acknowledge")
    world.pass_time(50)
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_another_rule_of_the_same_breath_is_told_after_an_acknowledgement(world):
    """Whoever acknowledged was called for the first rule, and its page named no other."""
    at(world, 0.5, fired("b", at=0, rule="disk"))
    world.pass_time(1)
    world.command("acknowledge")
    world.pass_time(30)
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_late_news_of_a_rule_that_no_page_has_named_calls_people(world):
    settling = world.handlers.pop("settle_incident")
    at(world, 1, fired("b", at=1, rule="disk"))
    (joined,) = world.told(AlertAttached)
    world.pass_time(6)
    world.command("acknowledge")
    world.handlers["settle_incident"] = settling
    world.tell(joined)
    world.pass_time(4)
    assert world.pages() == [("opened", 0), ("escalated", 1), ("joined", 1)]


def test_alerts_that_are_grouped_by_the_day_are_told_within_the_hour():
    world = World(grouped(window=86_400), HOUSE)
    world.tell(fired("a"))
    world.command("acknowledge")
    at(world, 5, fired("b", at=5))
    world.pass_time(10)
    assert world.pages() == [("opened", 0), ("joined", 0)]


def test_that_nobody_heard_of_what_joined_a_taken_incident_is_told_to_the_platforms_people(world):
    world.command("acknowledge")
    at(world, 20, fired("b", at=20))
    page = world.incident.pages[-1]
    incident = world.incident
    world.tell(
        PageFailed(
            incident_id=incident.id,
            page=page,
            generation=incident.generation,
            reason="nobody is on duty",
            at=world.clock.now(),
        )
    )
    assert [i.rules for i in world.incidents() if i.service == "house"] == [["nobody-reached"]]
    assert world.incidents()[0].status == "acknowledged"


# --- after our own clock was ahead ---------------------------------------------------------------


def test_an_incident_that_our_clock_dated_ahead_still_calls_people(world):
    ahead = World()
    ahead.clock.set(NOON + timedelta(days=300))
    ahead.tell(fired("a", starts_at=ahead.clock.now()))
    ahead.command("acknowledge")
    ahead.clock.set(minute(2))
    ahead.tell(fired("b", at=2))
    assert ahead.pages() == [("opened", 0), ("joined", 0)]
    assert ahead.incident.pages[-1].at == minute(2)
