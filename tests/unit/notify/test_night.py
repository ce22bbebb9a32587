"""What somebody reads at three in the morning: in order, and all of it."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from tests.unit.notify.rendered import render
from tests.unit.notify.test_render import request
from tests.unit.notify.world import NOON, PROFILE, World, incident, page, requests
from toban.escalation.section import ESCALATION
from toban.events import IncidentEscalated, IncidentRaised, IncidentReopened
from toban.notify.labels import telling
from toban.strictyaml.values import Seconds

NIGHT = incident(
    started_at=NOON - timedelta(minutes=12),
    value="7679.000",
    threshold="2001",
    next_step_at=NOON + timedelta(minutes=15),
)


def places(text: str, *wanted: str) -> list[int]:
    found = [text.find(what) for what in wanted]
    assert -1 not in found, (wanted[found.index(-1)], text)
    return found


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_every_form_has_the_same_order(form):
    rendered = render(request(incident=NIGHT, language="en"), PROFILE)
    text = {
        "text": rendered.text,
        "html": rendered.html,
        "slack": str([rendered.blocks, rendered.details]),
    }[form]
    text = text.partition("</title>")[2] or text
    order = places(
        text,
        "Critical",
        "注文APIのエラー率",
        "7679, threshold 2001",
        "11:48:00 JST",
        "Escalates unless acknowledged by 2026-11-24 (Tue) 12:15:00 JST: step 2 calls Baba.",
        "5xx が 12% を超えました",
    )
    assert order == sorted(order)


def test_a_phone_shows_severity_and_title_of_a_mail():
    long = msgspec.structs.replace(
        PROFILE,
        service=msgspec.structs.replace(PROFILE.service, name_en="The shop of many words " * 4),
    )
    subject = render(request(incident=NIGHT, language="en"), long).subject
    assert subject.startswith("Critical opened: 注文APIのエラー率 (7679, threshold 2001) [The shop")
    assert len("Critical opened: ") + 8 <= 40


def test_the_start_is_the_senders_and_the_receipt_is_told_when_it_came_late():
    text = render(request(incident=NIGHT), PROFILE).text
    assert "発生: 2026-11-24 (火) 11:48:00 JST" in text
    assert "検知: 2026-11-24 (火) 12:00:00 JST" in text
    prompt = msgspec.structs.replace(NIGHT, started_at=NOON - timedelta(seconds=20))
    assert "検知" not in render(request(incident=prompt), PROFILE).text


@pytest.mark.parametrize(
    ("value", "threshold", "shown"),
    [
        ("7679.000", "2001", "7679, threshold 2001"),
        ("0.14285714285714285", "0.02", "0.142857, threshold 0.02"),
        ("14.2 %", "2 %", "14.2 %, threshold 2 %"),
        ("", "2001", "threshold 2001"),
        ("A=44.2, C=1", "", "A=44.2, C=1"),
        ("1234567", "", "1234567"),
        ("1e-9", "", "1e-9"),
        ("NaN", "0.5", "NaN, threshold 0.5"),
    ],
)
def test_what_was_measured_is_a_number_that_can_be_read(value, threshold, shown):
    told = msgspec.structs.replace(NIGHT, value=value, threshold=threshold)
    assert f"Value: {shown}\n" in render(request(incident=told, language="en"), PROFILE).text


def test_what_was_not_measured_is_not_mentioned():
    silent = msgspec.structs.replace(NIGHT, value="", threshold="")
    rendered = render(request(incident=silent, language="en"), PROFILE)
    assert "Value" not in rendered.text
    assert rendered.headline == "Critical incident opened: 注文APIのエラー率"


@pytest.mark.parametrize(
    ("kind", "why", "by", "said"),
    [
        ("escalated", "time", "", "Step: 2 of 2\nWhy: nobody acknowledged in time\n"),
        ("escalated", "unreached", "", "Why: the step before reached nobody\n"),
        ("escalated", "asked", "青木", "Why: asked for by 青木\n"),
        ("raised", "Warning", "", "Why: was Warning before\n"),
        ("raised", "Warning", "青木", "Why: was Warning before; raised by 青木\n"),
        ("joined", "disk full", "", "Why: disk full\n"),
        ("reopened", "still-firing", "", "Why: resolved by hand, and its alerts still fire\n"),
        ("reopened", "not over", "青木", "Why: by 青木: not over\n"),
        ("reopened", "raised", "", "Why: raised\n"),
    ],
)
def test_a_later_page_says_its_step_and_why_it_was_made(kind, why, by, said):
    told = msgspec.structs.replace(NIGHT, step=1, next_step_at=None)
    asked = request(incident=told, language="en", kind=kind, why=why, by=by)
    assert said in render(asked, PROFILE).text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("joined", "acknowledges once more: else 青木 is asked at 2026-11-24 (Tue) 12:05:00 JST"),
        ("raised", "Next: Resolve it when the work is done."),
    ],
)
def test_what_joins_a_taken_incident_has_to_be_taken_too(kind, said):
    """Nobody acknowledged it; to say "resolve it" was to be surprised by a call 5 minutes later."""
    told = msgspec.structs.replace(
        NIGHT, status="acknowledged", assignee="青木", remind_at=NOON + timedelta(minutes=5)
    )
    assert said in render(request(incident=told, language="en", kind=kind, why="x"), PROFILE).text


def test_it_names_whom_the_very_next_step_calls_and_no_later_one():
    critical, *rest = PROFILE[ESCALATION]
    later = msgspec.structs.replace(
        critical.steps[1], notify=("channel:hook",), after=Seconds(1800)
    )
    three = msgspec.structs.replace(critical, steps=(*critical.steps, later))
    profile = msgspec.structs.replace(PROFILE, escalation=(three, *rest))

    assert "step 2 calls Baba." in render(request(incident=NIGHT, language="en"), profile).text
    told = msgspec.structs.replace(NIGHT, step=1)
    assert "step 3 calls hook." in render(request(incident=told, language="en"), profile).text


def test_a_next_step_that_reaches_nobody_says_so():
    critical, *rest = PROFILE[ESCALATION]
    second = msgspec.structs.replace(critical.steps[1], notify=("person:nobody",))
    two = msgspec.structs.replace(critical, steps=(critical.steps[0], second))
    profile = msgspec.structs.replace(PROFILE, escalation=(two, *rest))
    assert "step 2 calls nobody." in render(request(incident=NIGHT, language="en"), profile).text


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (("person:aoki", "person:baba", "person:aoki"), "step 2 calls 青木, Baba."),
        (("person:aoki", "person:baba", "person:endo"), "step 2 calls 青木, Baba, 遠藤."),
        (
            ("person:aoki", "person:baba", "person:endo", "channel:hook", "channel:last"),
            "step 2 calls 青木, Baba, 遠藤 and 2 more.",
        ),
    ],
)
def test_the_first_three_names_are_said_and_how_many_more(targets, said):
    critical, *rest = PROFILE[ESCALATION]
    second = msgspec.structs.replace(critical.steps[1], notify=targets, via=("last",))
    two = msgspec.structs.replace(critical, steps=(critical.steps[0], second))
    profile = msgspec.structs.replace(PROFILE, escalation=(two, *rest))
    assert said in render(request(incident=NIGHT, language="en"), profile).text


def test_whoever_has_it_is_named_on_one_line_of_at_most_80_characters():
    told = msgspec.structs.replace(
        NIGHT, status="acknowledged", acknowledged_at=NOON, assignee="Somebody\n" + "x" * 90
    )
    text = render(request(incident=told, language="en", kind="acknowledged"), PROFILE).text
    assert f"Somebody {'x' * 70}…" in text
    assert f"Somebody {'x' * 71}" not in text


def test_after_the_last_step_it_says_when_the_steps_begin_again():
    told = msgspec.structs.replace(
        NIGHT, step=1, next_step_at=None, remind_at=NOON + timedelta(hours=1)
    )
    rendered = render(request(incident=told, language="en", kind="escalated"), PROFILE)
    assert (
        "That was the last step. Unless acknowledged by 2026-11-24 (Tue) 13:00:00 JST"
        in rendered.text
    )


@pytest.mark.parametrize(
    ("event", "reason"),
    [(IncidentEscalated, "escalated"), (IncidentRaised, "raised"), (IncidentReopened, "reopened")],
)
def test_the_reason_of_an_event_reaches_its_messages(event, reason):
    world = World()
    asked = requests(world.page(event(incident=incident(), page=page(1, 0, reason), why="time")))
    assert {request.why for request in asked} == {"time"}


# --- labels ---------------------------------------------------------------------------------------


def labels_of(**labels: str) -> list[str]:
    told = msgspec.structs.replace(NIGHT, labels=labels)
    line = re.search(r"Labels: (.*)", render(request(incident=told, language="en"), PROFILE).text)
    return line[1].split("  ") if line else []


def test_labels_that_tell_instances_apart_come_first_and_the_rest_is_counted():
    assert labels_of(
        alertname="api-errors",
        app="a",
        build="b",
        cluster="c",
        env="e",
        instance="web-1:9100",
        job="node",
        pod="checkout-7d9f8b6c5d-x2x8z",
        service="shop",
        severity="critical",
        team="t",
        zone="z",
    ) == [
        "instance=web-1:9100",
        "pod=checkout-7d9f8b6c5d-x2x8z",
        "zone=z",
        "cluster=c",
        "job=node",
        "app=a",
        "+3 more",
    ]


@pytest.mark.parametrize(
    "order",
    [
        "instance pod container node persistentvolumeclaim cluster namespace deployment",
        "statefulset daemonset workload job",
        "instance_name pod_name container_name node_name database_id bucket_name topic_id",
        "subscription_id response_code location cluster_name namespace_name service_name",
        "revision_name function_name job_name instance_id",
        "host device disk mountpoint volume database datname table region",
        "hostname server bucket queue topic subscription zone",
        "endpoint path method status_code code",
    ],
)
def test_from_the_thing_to_the_place_then_what_nobody_knows_then_what_is_always_the_same(order):
    last = "metric_type project project_id prometheus receiver resource_type source"
    wanted = [*order.split(), "aaa", "zzz", *last.split()]
    found = telling({name: f"of {name}" for name in sorted(wanted)}, ())
    assert [name for name, _ in found] == wanted


def test_what_a_message_says_elsewhere_is_no_label():
    said = (
        "service severity alertname rule environment policy condition sender_rule policy_condition"
    )
    assert telling(dict.fromkeys(said.split(), "x"), ()) == []


def test_a_label_that_says_what_the_message_says_is_left_out():
    assert labels_of(condition="x", what="api-errors", of="shop", level="CRITICAL", a="b") == [
        "a=b"
    ]


def test_a_label_is_known_under_the_prefix_that_the_edge_gave_it():
    found = telling({"resource_zone": "a", "metric_instance_name": "b", "app": "c"}, ())
    assert [name for name, _ in found] == ["metric_instance_name", "resource_zone", "app"]
    prefixes = ("sender", "resource", "metric", "policy", "display", "metadata", "exported")
    for prefix in prefixes:
        found = telling({"aaa": "b", f"{prefix}_namespace": "a"}, ())
        assert [name for name, _ in found] == [f"{prefix}_namespace", "aaa"]


def test_nothing_is_counted_when_all_are_shown():
    assert labels_of(a="1", b="2") == ["a=1", "b=2"]
    six = labels_of(a="1", b="2", c="3", d="4", e="5", f="6")
    assert six == ["a=1", "b=2", "c=3", "d=4", "e=5", "f=6"]
