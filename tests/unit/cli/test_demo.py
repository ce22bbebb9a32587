"""`toban demo` plays the whole story over real HTTP; what it says is what the store says."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from toban.cli import main
from toban.cli.demo.stage import shortened
from toban.cli.kit.terminal import Terminal
from toban.sections.load import load_directory
from toban.topology.generate import ROOT

# It is played once, by one worker.
pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What the demo wrote, and where it kept its state."""
    data = tmp_path_factory.mktemp("demo") / "state"
    done = subprocess.run(
        [sys.executable, "-m", "toban.cli", "demo", "--data", str(data), "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, data


@pytest.fixture
def toban(capsys):
    """What a command says of what the demo left."""

    def run(data, *arguments):
        assert main([*arguments, "--data", str(data), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_one_incident_was_opened_escalated_acknowledged_resolved_and_written_down(played, toban):
    out, data = played
    (incident,) = toban(data, "incidents", "list")
    assert (incident["status"], incident["alerts"]) == ("resolved", 3)
    assert incident["acknowledged_at"] > incident["opened_at"]
    detail = toban(data, "incidents", "show", incident["id"])
    kinds = [line["kind"] for line in detail["timeline"]]
    assert {"opened", "escalated", "acknowledged", "note", "resolved", "postmortem"} <= set(kinds)
    assert kinds.count("escalated") == 1
    draft = (data / "blobs" / incident["postmortem"]).read_text(encoding="utf-8")
    assert incident["id"] in draft
    assert incident["id"] in out
    assert incident["postmortem"] in out


def test_every_notification_was_sent_and_is_told(played, toban):
    out, data = played
    found = toban(data, "notifications", "list")
    assert {n["status"] for n in found} == {"sent"}
    slack, mails = map(int, re.findall(r"received (\d+) Slack messages and (\d+) mails", out)[0])
    by_channel = [n["channel"] for n in found]
    assert slack == by_channel.count("alerts-critical")
    assert mails == len(found) - slack


def test_the_person_called_in_by_the_escalation_acknowledged_by_link(played, toban):
    _, data = played
    (incident,) = toban(data, "incidents", "list")
    called = [n for n in toban(data, "notifications", "list") if n["kind"] == "escalated"]
    assert incident["assignee"] in {n["target_name"] for n in called}
    roots = toban(data, "trace", incident["id"])
    assert [r["type"] for r in roots].count("toban.command.issued.v1") == 2


def test_the_repetition_changed_nothing(played, toban):
    out, data = played
    assert "still 1 open incident with 1 alert, 0 more notifications" in out
    (incident,) = toban(data, "incidents", "list")
    first = toban(data, "trace", incident["id"])[0]
    (opened,) = first["handled"]
    assert opened["duplicates"] == 1


def test_the_shortened_profile_differs_only_in_its_steps_and_in_backups_that_this_machine_lacks(
    tmp_path,
):
    import msgspec

    source = ROOT / "infra" / "services"
    steps = shortened(source, tmp_path / "services", "tokyo-ai-chat", Terminal("en"))
    assert steps == [(0, 0), (900, 4), (1800, 60)]
    before, after = load_directory(source), load_directory(tmp_path / "services")
    assert before["toban"] == after["toban"]
    one, other = before["tokyo-ai-chat"], after["tokyo-ai-chat"]
    replace = msgspec.structs.replace
    assert replace(one, escalation=(), backup=None) == replace(other, escalation=(), backup=None)
    assert set(other.backup.sources) == {"storage"}
    assert other.backup.plans == tuple(p for p in one.backup.plans if p.source == "storage")


def test_the_backup_was_verified_in_both_regions_and_came_back_from_the_far_one(played, toban):
    out, data = played
    (backup,) = toban(data, "backups", "list")
    assert (backup["status"], backup["regions"]) == ("verified", ["asia-northeast1", "us-central1"])
    assert f"{backup['id']}: taken, replicated and read back" in out
    assert "120 of 120 recordings are back as they were, from us-central1 alone" in out
    assert len(list((data / "buckets" / "tokyo-ai-chat-data" / "voice").rglob("*.ogg"))) == 120
