"""Each fact of a notification: when it is told, in which words, and how much of what others wrote."""

from datetime import timedelta

import msgspec
import pytest

from tests.unit.notify.test_render import request
from tests.unit.notify.world import NOON, PROFILE, incident
from toban.events import Link
from toban.notify.facts import hint_of, kind_shown, measured, rows_of
from toban.notify.render import COLOR_ACKNOWLEDGED, COLOR_RESOLVED, COLORS, notice_of, zone_of
from toban.profile.section import Environment, Service
from toban.severities.section import SEVERITIES, Severity

CRITICAL = PROFILE[SEVERITIES][0]
LONG = "x" * 3000
STAGING = msgspec.structs.replace(
    PROFILE,
    service=Service(id="shop", name="Shop", environments={LONG: Environment(pages=False)}),
)
MINUTE = timedelta(minutes=1)


def asked(kind="opened", of=None, **changes):
    return request(kind=kind, language="en", incident=incident(**(of or {})), **changes)


def facts(kind="opened", of=None, profile=PROFILE, **changes):
    return dict(rows_of(asked(kind, of, **changes), profile, CRITICAL, "UTC"))


def hint(kind="opened", of=None, profile=PROFILE, severity=CRITICAL, **changes):
    return hint_of(asked(kind, of, **changes), profile, severity, "UTC")


def test_what_a_first_page_says_and_nothing_more():
    assert facts() == {
        "Severity": "Critical",
        "Since": "2026-11-24 (Tue) 03:00:00 UTC",
        "Step": "1 of 2",
        "Rules": "api-errors",
        "Number": "inc-7·1",
    }


def test_a_closing_says_what_happened_and_no_step():
    over = {"status": "resolved", "acknowledged_at": NOON + MINUTE, "assignee": "Baba", "rules": [],
            "resolved_at": NOON + 61 * MINUTE}  # fmt: skip
    assert facts("resolved", over, by="Aoki", page=3) == {
        "Severity": "Critical",
        "Since": "2026-11-24 (Tue) 03:00:00 UTC",
        "Acknowledged": "2026-11-24 (Tue) 03:01:00 UTC (Baba)",
        "Resolved": "2026-11-24 (Tue) 04:01:00 UTC (Aoki, after 1 h 1 min)",
        "Number": "inc-7·4",
    }
    assert "(automatic, after" in facts("resolved", over)["Resolved"]
    nobody = facts("acknowledged", over | {"assignee": "", "resolved_at": None})
    assert nobody["Acknowledged"] == "2026-11-24 (Tue) 03:01:00 UTC"


def test_what_was_closed_unheard_is_not_called_resolved():
    unheard = {"status": "resolved", "resolved_at": NOON + MINUTE, "unheard_since": NOON}
    told = facts("resolved", unheard)
    assert "Resolved" not in told
    assert told["Closed"].startswith("2026-11-24 (Tue) 03:01:00")
    assert told["Not heard of since"] == "2026-11-24 (Tue) 03:00:00 UTC"
    assert kind_shown(asked("unheard", unheard)) == "unheard"
    assert kind_shown(asked("resolved", unheard)) == "closed-unheard"
    assert hint("resolved", unheard).startswith("Nobody has said that it is over.")
    assert hint("unheard", unheard).startswith("Its alerts fire as far as we know")


@pytest.mark.parametrize(("seconds", "told"), [(59, False), (60, True)])
def test_a_receipt_is_told_when_it_came_a_minute_late(seconds, told):
    of = {"started_at": NOON - timedelta(seconds=seconds)}
    assert ("Opened" in facts(of=of)) is told


@pytest.mark.parametrize(
    ("name", "limit", "kind", "of", "more"),
    [
        ("Environment", 63, "opened", {"environment": LONG}, {}),
        ("Severity", 40, "opened", {"severity_label": LONG}, {}),
        ("Value", 60, "opened", {"value": LONG}, {}),
        ("Rules", 200, "opened", {"rules": [LONG]}, {}),
        ("Why", 200, "joined", {}, {"why": LONG}),
    ],
)
def test_a_fact_that_somebody_else_wrote_is_cut(name, limit, kind, of, more):
    assert facts(kind, of, **more)[name] == "x" * (limit - 1) + "…"


def test_rules_are_named_in_their_order():
    assert facts(of={"rules": ["api-errors", "disk"]})["Rules"] == "api-errors, disk"
    assert "Rules" not in facts(of={"rules": []})


def test_names_in_a_fact_are_cut_at_80():
    name = "x" * 79 + "…"
    taken = {"status": "acknowledged", "acknowledged_at": NOON, "assignee": LONG, "remind_at": NOON}
    over = {"status": "resolved", "resolved_at": NOON + MINUTE}
    assert facts("acknowledged", taken)["Acknowledged"].endswith(f"({name})")
    assert f"({name}, after" in facts("resolved", over, by=LONG)["Resolved"]
    assert facts("escalated", why="asked", by=LONG)["Why"] == f"asked for by {name}"
    assert hint("joined", taken).startswith(f"{name} has the incident.")
    assert hint("acknowledged", taken).startswith(f"{name} has it")


@pytest.mark.parametrize(
    ("kind", "why", "by", "said"),
    [
        ("escalated", "time", "", "nobody acknowledged in time"),
        ("escalated", "unreached", "", "the step before reached nobody"),
        ("escalated", "asked", "", "asked for by hand"),
        ("escalated", "", "Aoki", "asked for by Aoki"),
        ("escalated", "whatever", "", None),
        ("raised", "Warning", "", "was Warning before"),
        ("raised", "", "Aoki", None),
        ("joined", "disk full", "Aoki", "disk full"),
        ("reopened", "alert-joined", "", "an alert fired while it was being resolved"),
        (
            "reopened",
            "untold",
            "",
            "resolved by hand before anybody was told of an alert that had joined",
        ),
        ("reopened", "still-firing", "", "resolved by hand, and its alerts still fire"),
        ("reopened", "", "Aoki", "by Aoki"),
        ("reopened", "not over", "", "not over"),
        ("reopened", "", "", None),
        ("reminded", "not over", "Aoki", None),
        ("acknowledged", "time", "", None),
        ("resolved", "time", "", None),
    ],
)
def test_why_people_are_called_is_told_where_it_is_known(kind, why, by, said):
    assert facts(kind, why=why, by=by).get("Why") == said


@pytest.mark.parametrize(("step", "said"), [(0, "1 of 2"), (1, "2 of 2"), (5, "2 of 2")])
def test_a_page_says_which_step_it_is(step, said):
    assert facts("escalated", {"step": step})["Step"] == said


def test_of_one_step_or_where_nobody_is_called_none_is_named():
    warning = PROFILE[SEVERITIES][1]
    assert "Step" not in dict(rows_of(asked(), PROFILE, warning, "UTC"))
    assert "Step" not in facts(of={"environment": LONG}, profile=STAGING)
    assert "Step" not in facts("acknowledged")


def test_where_nobody_is_called_that_is_what_comes_next():
    said = hint(of={"environment": LONG}, profile=STAGING)
    assert said == (f"Nobody is called for {'x' * 62}…. Resolve it when the work is done.")


def test_what_comes_next_in_each_state():
    taken = {"status": "acknowledged", "assignee": "Baba", "acknowledged_at": NOON}
    again = taken | {"remind_at": NOON}
    assert hint("resolved") == "A postmortem is due; a draft is on its way."
    light = Severity(label="P4", level=4)
    assert hint("resolved", severity=light).startswith("Nothing more to do.")
    assert "called again at 2026-11-24 (Tue) 03:00:00 UTC" in hint("reminded", again)
    assert hint("reminded", taken) == "Resolve it when the work is done."
    assert hint("joined", taken) == "Resolve it when the work is done."
    assert hint("joined", {"remind_at": NOON}).startswith("That was the last step.")
    assert hint("acknowledged", taken) == "Baba has it: there is nothing for you to do."
    assert hint("acknowledged", taken, target="channel:room") == "Resolve it when the work is done."
    assert hint("raised", taken) == "Resolve it when the work is done."


def test_after_the_last_step_it_says_when_they_begin_again_where_there_are_several():
    due = {"remind_at": NOON, "started_at": NOON}
    assert "Unless acknowledged by 2026-11-24 (Tue) 03:00:00 UTC" in hint("escalated", due)
    warning = PROFILE[SEVERITIES][1]
    assert hint("escalated", due, severity=warning) == "Acknowledge and take it from here."
    assert hint("escalated", {"started_at": NOON}) == "Acknowledge and take it from here."


def test_a_deadline_is_promised_to_those_who_hear_of_it_first():
    target = "Respond within 15 min (by 2026-11-24 (Tue) 03:15:00 UTC)"
    assert hint("opened", {"started_at": NOON}).split("\n") == [
        "Acknowledge and take it from here.", target,
    ]  # fmt: skip
    assert target not in hint("escalated", {"started_at": NOON})
    assert "Respond" not in hint("opened", severity=PROFILE[SEVERITIES][1])


def test_an_earlier_release_did_not_say_when_the_next_step_is():
    said = "Escalates unless acknowledged by 2026-11-24 (Tue) 03:15:00 UTC: step 2 calls Baba."
    assert hint("opened").startswith(said)
    assert not hint("escalated").startswith("Escalates")
    assert hint("escalated", {"next_step_at": NOON + 15 * MINUTE, "step": 0}) == said


@pytest.mark.parametrize(
    ("value", "threshold", "said"),
    [
        ("", "", ""),
        ("5", "", "5"),
        ("", "5", "threshold 5"),
        ("5", "4", "5, threshold 4"),
        ("0.123456789", "", "0.123457"),
        ("0.00000012", "", "0.00000012"),
        ("12345678.5", "", "12345678.5"),
        ("1.50", "", "1.5"),
        ("150", "", "150"),
        ("1" * 100, "", "1" * 59 + "…"),
        ("a\nb", "", "a b"),
    ],
)
def test_a_measurement_is_read_by_people(value, threshold, said):
    assert measured("en", value, threshold) == said


def test_every_text_of_a_notice_is_cut():
    labels = {f"l{n}": f"{LONG}{n}" for n in range(9)}
    links = [Link(LONG, f"https://a.test/{n}") for n in range(9)] + [Link("", "ftp://a.test")]
    of = {"title": LONG, "summary": LONG, "labels": labels, "links": links, "environment": LONG,
          "severity_label": LONG}  # fmt: skip
    profile = msgspec.structs.replace(PROFILE, service=Service(id="shop", name=LONG))
    told = notice_of(asked(of=of, target_name=LONG, unreached=[LONG], replaces=["ntf-0"]), profile)

    def cut(limit):
        return "x" * (limit - 1) + "…"

    assert told.title == cut(200)
    assert told.service == cut(80)
    assert told.severity == f"[{cut(63)}] {cut(40)}"
    assert told.summary == cut(2000)
    assert told.notes == [
        "Sent this way because an earlier channel failed.", f"Could not be reached: {cut(500)}",
    ]  # fmt: skip
    assert told.footer == f"Sent automatically by toban to {cut(80)}."
    assert [len(label) for label in told.labels] == [80] * 6 + [len("+3 more")]
    assert [(link.title, link.url) for link in told.links] == [
        (cut(80), f"https://a.test/{n}") for n in range(5)
    ]


def test_a_notice_without_a_title_has_the_number_and_a_link_without_one_its_address():
    told = notice_of(
        asked(of={"title": " ", "links": [Link("", "https://a.test/" + LONG)]}), PROFILE
    )
    assert told.title == "inc-7"
    (link,) = told.links
    assert link.title == "https://a.test/" + "x" * 64 + "…"


def test_colours_are_ones_that_slack_and_mail_know_and_all_different():
    colours = [*COLORS.values(), COLOR_ACKNOWLEDGED, COLOR_RESOLVED]
    assert len({int(colour.removeprefix("#"), 16) for colour in colours}) == len(colours) == 6
    assert {len(colour) for colour in colours} == {7}
    shown = {
        kind: notice_of(asked(kind), PROFILE).color
        for kind in ("opened", "acknowledged", "resolved")
    }
    assert shown == {
        "opened": COLORS[1], "acknowledged": COLOR_ACKNOWLEDGED, "resolved": COLOR_RESOLVED,
    }  # fmt: skip
    closed = asked("resolved", {"unheard_since": NOON})
    assert notice_of(closed, PROFILE).color == COLORS[1]


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("person:baba", "Europe/Paris"),
        ("person:aoki", "Asia/Tokyo"),
        ("person:nobody", "Asia/Tokyo"),
        ("channel:baba", "Asia/Tokyo"),
    ],
)
def test_times_are_those_of_whoever_reads_them(target, zone):
    assert zone_of(asked(target=target), PROFILE) == zone


def test_notes_say_what_was_different_this_time_and_nothing_otherwise():
    assert notice_of(asked(), PROFILE).notes == []
    told = notice_of(asked(unreached=["person:a: no", "person:b: no"]), PROFILE).notes
    assert told == ["Could not be reached: person:a: no; person:b: no"]
    assert notice_of(asked(replaces=["ntf-0"]), PROFILE).notes == [
        "Sent this way because an earlier channel failed."
    ]
