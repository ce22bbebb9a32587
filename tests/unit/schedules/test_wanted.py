"""Which schedules follow from the map and the profiles, and what their jobs are called."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedules.services import plan, profile, the_map
from toban.adapters.google.pubsub import push
from toban.events.backups import BackupDue, RestoreTestDue
from toban.kernel.event import MAX_ID, from_message
from toban.ports import Message
from toban.topology import load
from toban.topology.schedules import name_of, repeating, slot_event, wanted

PLATFORM = ["each-minute", "redrive"]


def names(*profiles) -> list[str]:
    found = [s.name for s in repeating(the_map(), profiles)]
    assert [n for n in found if n in PLATFORM] == PLATFORM
    return [name for name in found if "--" in name]


def test_the_schedules_of_the_map_are_wanted_without_any_profile():
    topology = load()
    jobs = {job.name: job for job in wanted(topology, (), "p-1")}
    assert set(jobs) == {f"toban-{name}" for name in topology.schedules}
    minute = jobs["toban-each-minute"]
    assert (minute.cron, minute.zone) == ("* * * * *", "Etc/UTC")
    assert minute.topic == "projects/p-1/topics/minute-passed"
    assert not minute.paused


def test_every_plan_and_the_restore_test_of_a_profile_have_a_schedule():
    chat = profile("chat", plan(), plan(class_="weekly", cron="0 4 * * 0"), test="0 5 1 * *")
    assert names(chat) == [
        "chat--main-db--daily",
        "chat--main-db--weekly",
        "chat--restore-test",
    ]
    jobs = {job.name: job for job in wanted(the_map(), [chat], "p-1")}
    daily = jobs["toban-chat--main-db--daily"]
    assert (daily.cron, daily.zone) == ("0 3 * * *", "Asia/Tokyo")
    assert daily.topic == "projects/p-1/topics/backup-due"
    body = json.loads(daily.body)
    assert (body["service"], body["source"], body["class"]) == ("chat", "main-db", "daily")
    test = jobs["toban-chat--restore-test"]
    assert test.topic == "projects/p-1/topics/restore-test-due"
    assert json.loads(test.body)["service"] == "chat"


def test_a_plan_may_have_a_zone_of_its_own():
    (found,) = (
        s
        for s in repeating(the_map(), [profile("chat", plan(zone="America/New_York"))])
        if s.service
    )
    assert found.zone == "America/New_York"


def test_a_message_of_a_job_is_our_event_once_it_has_id_and_time():
    for job in wanted(the_map(), [profile(test="0 5 * * 0")], "p-1"):
        assert "ce-time" not in job.attributes
        assert all(value.isascii() for value in job.attributes.values()), "they become headers"
        attributes = push.completed(job.attributes, "2026-11-24T03:00:07Z", "m-1")
        event = from_message(Message(job.topic.rpartition("/")[2], job.body, attributes))
        assert event.id == f"{event.source}|2026-11-24T03:00Z"
        assert job.topic.rpartition("/")[2] == event.body.TOPIC
        assert event.source == "/schedules/" + job.name.removeprefix("toban-")


def test_the_description_says_whose_it_is_and_changes_with_what_is_wanted():
    def description(*plans) -> str:
        jobs = wanted(the_map(), [profile("chat", *plans)], "p-1")
        return next(job.description for job in jobs if "main-db" in job.name)

    text = description(plan())
    assert re.fullmatch(r"Backup of chat/main-db, daily \[managed by toban; [0-9a-f]{12}\]", text)
    assert description(plan()) == text
    assert description(plan(cron="1 3 * * *")) != text


def test_what_the_map_has_no_topic_for_is_left_out():
    topology = the_map()
    topics = {n: t for n, t in topology.topics.items() if n != "backup-due"}
    bare = msgspec.structs.replace(topology, topics=topics)
    found = [s.name for s in repeating(bare, [profile(test="0 5 * * 0")])]
    assert found[len(topology.schedules) :] == ["chat--restore-test"]


def test_a_series_with_two_plans_has_two_schedules():
    twice = profile("chat", plan(), plan(cron="0 15 * * *"))
    assert names(twice) == ["chat--main-db--daily", "chat--main-db--daily---2"]


def test_the_order_of_profiles_makes_no_difference():
    a, b = profile("a"), profile("b")
    assert repeating(the_map(), [a, b]) == repeating(the_map(), [b, a])


# --- names -----------------------------------------------------------------------------------


def test_plain_parts_are_their_name():
    assert name_of("chat", "main_db", "on-change") == "chat--main_db--on-change"


def test_parts_that_could_be_mistaken_for_others_are_told_apart():
    sly = [
        ("a--b", "c", "d"), ("a", "b--c", "d"), ("a-", "b", "c"), ("a", "-b", "c"),
        ("a", "b", "c"), ("A", "b", "c"), ("a", "b", "本番"), ("a", "b", "検証"),
        ("a", "b/c", "d"), ("a", "b.c", "d"), ("a", "", "c"), ("a", "x", "c"),
        ("a", "b" * 60, "c"), ("a", "b" * 61, "c"), ("a", "b" * 62, "c"), ("a", "restore-test"),
    ]  # fmt: skip
    made = [name_of(*parts) for parts in sly]
    assert len(set(made)) == len(sly)
    assert len({name.lower() for name in made}) == len(sly)


PARTS = st.lists(
    st.one_of(st.text(alphabet="ab-_A./ 本", max_size=5), st.text(max_size=80)),
    min_size=1,
    max_size=3,
)


@given(st.lists(PARTS, max_size=6, unique_by=tuple))
def test_names_are_legal_short_and_different(several):
    made = [name_of(*parts) for parts in several]
    for a, b in itertools.combinations(made, 2):
        assert a != b
    for name in made:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,400}", name)
        assert len(f"/schedules/{name}|2026-11-24T03:01Z") <= MAX_ID


def test_slots_are_named_alike_everywhere():
    from datetime import UTC, datetime

    (chat,) = (s for s in repeating(the_map(), [profile()]) if s.service)
    slot = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    event = slot_event(chat, slot)
    assert event.id == "/schedules/chat--main-db--daily|2026-11-22T18:00Z"
    assert event.body == BackupDue(service="chat", source="main-db", class_="daily")
    assert RestoreTestDue.TOPIC == "restore-test-due"


def test_the_map_knows_what_profiles_publish():
    topology = load()
    found = [s for s in repeating(topology, [profile(test="0 5 * * 0")]) if s.service]
    assert len(found) == 2
    assert all(topology.topics[s.topic].by_profile for s in found)


def test_schedules_are_known_to_a_process_that_has_imported_nothing_else():
    code = (
        "from toban.topology.reader import load; "
        "from toban.topology.schedules import repeating; print(len(repeating(load(), ())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(load().schedules)
