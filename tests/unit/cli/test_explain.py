"""`toban explain` says before it happens what becomes of an alert, as it then becomes of it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest

from tests.unit.incidents.world import World, fired
from toban.cli import main
from toban.cli.explain.explanation import explanation
from toban.events import NotificationRequested
from toban.local.world import ROOT
from toban.notify.documents import Notification
from toban.profile.section import SERVICE
from toban.sections.load import load_directory
from toban.severities.section import SEVERITIES
from toban.testing import NOON, ListSenders

SERVICES = load_directory(ROOT / "infra" / "services")
WORDS = [
    (service, word)
    for service, profile in SERVICES.items()
    for word in (*(severity.label for severity in profile[SEVERITIES]), "unheard of")
]


@pytest.mark.parametrize(("service", "word"), WORDS)
def test_whoever_it_names_is_called_then_and_nobody_else(service: str, word: str):
    """The oracle is the platform itself, on which nobody answers."""
    alert = fired(severity=word, labels={"service": service})
    said = explanation(SERVICES, alert, NOON)
    people = ListSenders()
    world = World(*SERVICES.values(), people=people)

    world.tell(alert)
    for call in said.calls[1:]:
        world.pass_time((call.at - world.clock.now()) / timedelta(minutes=1))

    (incident,) = world.incidents()
    assert (incident.service, incident.severity_label, incident.group_key) == (
        said.profile[SERVICE].id,
        said.severity.label,
        said.key,
    )
    sent = {n.id: n.created_at for n in world.documents(Notification)}
    found = {
        (sent[request.notification_id], recipient.target, request.channel)
        for request in world.published(NotificationRequested)
        for recipient in (request, *request.together)
    }
    assert found == {
        (call.at, contact.target, contact.channel_id)
        for call in said.calls
        for contact in call.reached.contacts
    }


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    common = ("--services", str(ROOT / "infra" / "services"), "--lang", "en")
    code = main(["explain", *arguments, *common])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_it_is_told_in_words(capsys: pytest.CaptureFixture[str]):
    options = ("--label", "service=prompthub", "--severity", "huh", "--rule", "Disk")
    code, out, _ = run(capsys, *options, "--at", "2026-11-22T03:00")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert "prompthub (its label service says so)" in out
    assert "the service has no word 'huh': taken as level 2, or the next worse one there is" in out
    assert ["Incident", "key", "rule=Disk"] in lines
    assert "Response due    1 h (2026-11-22 (Sun) 04:00:00 UTC)" in out
    assert "WHEN (UTC)" in out
    assert "2026-11-22 03:30:00  step 2, if nobody answers" in out
    assert f"the files of {ROOT / 'infra' / 'services'}, applied or not" in out
    assert "again from the first step" in out


def test_a_check_of_ours_fails_when_others_would_be_called(capsys: pytest.CaptureFixture[str]):
    """As `amtool config routes test --verify.receivers` in a team's CI."""
    options = ("--label", "service=tokyo-ai-chat", "--severity", "P1", "--at", "2026-11-24T12:00")
    _, out, _ = run(capsys, *options, "--json")
    called = sorted({c["target"] for c in json.loads(out)["calls"][0]["contacts"]})
    expected = [word for target in called for word in ("--expect", target)]
    assert run(capsys, *options, *expected)[0] == 0
    code, _, err = run(capsys, *options, *expected[2:], "--expect", "person:nobody")
    assert code == 1
    assert "not called at first: person:nobody" in err
    assert f"called at first and not expected: {called[0]}" in err
    # As the profile says it, whoever is on duty at that time.
    duty = [word for name in called if "person" not in name for word in ("--expect", name)]
    team = ("--expect", "oncall:all", "--expect", "person:ops-lead")
    assert run(capsys, *options, *duty, *team)[0] == 0
    code, _, err = run(capsys, *options, "--expect", called[-1].partition(":")[2])
    assert (code, f"Did you mean {called[-1]}?" in err) == (2, True)


def test_secrets_are_those_of_whatever_stands_in_as_well(
    capsys: pytest.CaptureFixture[str], tmp_path
):
    profile = (ROOT / "infra" / "services" / "cro-tool.yaml").read_text(encoding="utf-8")
    text = profile.replace("    fallback: team-email ", "    fallback: second ").replace(
        "  team-email: ",
        "  second: {type: slack, webhook_secret: SLACK_WEBHOOK_SECOND, fallback: team-email}\n"
        "  team-email: ",
    )
    (tmp_path / "cro-tool.yaml").write_text(text, encoding="utf-8")
    options = ("--label", "service=cro-tool", "--severity", "critical", "--json")
    assert main(["explain", *options, "--services", str(tmp_path), "--lang", "en"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["secrets"] == ["SLACK_BOT_TOKEN", "SLACK_WEBHOOK_SECOND"]


def test_a_target_of_at_once_is_due_when_it_is(capsys: pytest.CaptureFixture[str]):
    """``respond_within: 0m`` leaves a minute."""
    assert (
        "Response due    1 min ("
        in run(capsys, "--label", "service=tokyo-ai-chat", "--severity", "P1")[1]
    )


def test_an_alert_of_nobody_says_so(capsys: pytest.CaptureFixture[str], tmp_path):
    services = tmp_path / "services"
    services.mkdir()
    shutil.copy(ROOT / "infra" / "services" / "salontalk.yaml", services)
    shutil.copytree(ROOT / "infra" / "teams", tmp_path / "teams")
    code = main(["explain", "--services", str(services), "--lang", "en"])
    assert code == 0
    assert (
        "no service matches, and none takes those: it goes to the log, and nobody is called"
        in capsys.readouterr().out
    )


def test_a_label_is_a_name_and_a_value(capsys: pytest.CaptureFixture[str]):
    code, _, err = run(capsys, "--label", "shop")
    assert (code, "write NAME=VALUE" in err) == (2, True)


def test_several_targets_in_one_option_are_asked_wrongly(capsys: pytest.CaptureFixture[str]):
    options = ("--service", "tokyo-ai-chat", "--severity", "P1")
    code, _, err = run(capsys, *options, "--expect", "person:ops-lead,oncall:primary")
    assert (code, "repeat the option" in err) == (2, True)
    for word in ("persn:ops-lead", "oncall:first"):
        code, _, err = run(capsys, *options, "--expect", word)
        assert (code, "Did you mean" in err) == (2, True), word


def test_the_service_may_be_named_as_everywhere_else(capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "--service", "prompthub", "--json")
    assert (code, json.loads(out)["because"]) == (0, "label")


def test_a_service_that_there_is_not_is_told_with_the_one_that_was_meant(
    capsys: pytest.CaptureFixture[str],
):
    code, _, err = run(capsys, "--label", "service=prompthb")
    assert code == 0, "the alert goes somewhere, as it would"
    assert "no service is called 'prompthb'" in err
    assert "Did you mean prompthub?" in err


def test_what_check_refuses_is_explained_with_that_said(empty):
    assert empty.run("explain", "--service", "shop").err == ""
    path = empty.services / "shop.yaml"
    path.write_text(path.read_text().replace("first_shift: 2025-01-06", "first_shift: 2025-01-07"))
    said = empty.run("explain", "--service", "shop")
    assert said.code == 0
    assert f"`toban check` finds 1 error ({path}:" in said.err
