"""`toban backups retention`: plain JSON in, verdicts out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from toban.backups.policy.retention_terms import WORDS, Reason
from toban.cli import main
from toban.cli.kit import catalogue as words
from toban.cli.kit.terminal import say

NOW = "2026-11-22T12:00+09:00"
CATALOGUE = [
    {"id": "c", "status": "failed", "started_at": "2026-11-22T02:00:00Z"},
    {"id": "a", "status": "verified", "started_at": "2026-11-21T02:00:00Z", "bytes": 10},
    {"id": "b", "status": "verified", "started_at": "2026-11-20T02:00:00Z", "bytes": 32},
    {"id": "d", "status": "partial", "started_at": "2026-11-19T02:00:00Z", "bytes": 4},
]
Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run the command on a policy and a catalogue; exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run(policy: object, catalogue: object, *more: str, now: str = NOW) -> tuple[int, str, str]:
        for name, value in (("policy.json", policy), ("catalog.json", catalogue)):
            text = value if isinstance(value, str) else json.dumps(value)
            Path(name).write_text(text, encoding="utf-8")
        files = ["--policy", "policy.json", "--catalog", "catalog.json"]
        code = main(["backups", "retention", *files, "--lang", "en", "--now", now, *more])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_verdict_for_every_backup_in_the_order_of_the_catalogue(ask: Ask):
    code, out, _ = ask({"daily": 1}, CATALOGUE, "--json")
    assert code == 0
    assert json.loads(out) == [
        {"id": "c", "keep": True, "reasons": ["newer than the newest verified"]},
        {"id": "a", "keep": True, "reasons": ["daily 2026-11-21", "minimum verified"]},
        {"id": "b", "keep": False, "reasons": ["no rule keeps it"]},
        {"id": "d", "keep": False, "reasons": ["partial, a newer one is verified"]},
    ]


def test_people_get_a_table_and_a_sum(ask: Ask):
    code, out, _ = ask({"daily": 1, "zone": "Asia/Tokyo"}, CATALOGUE)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["ID", "STARTED", "(JST)", "STATUS", "KEEP", "WHY"]
    assert lines[2][:6] == ["a", "2026-11-21", "11:00", "verified", "keep", "daily"]
    assert lines[3][4] == "remove"
    assert out.rstrip().endswith("2 of 4 kept; 2 would go (36 bytes).")


def test_the_table_names_the_series_where_there_are_several(ask: Ask):
    listed = {"service": "shop", "source": "db", "class": "daily"}
    other = {**listed, "class": "weekly"}
    code, out, _ = ask({"daily": 1}, [{**CATALOGUE[1], **listed}, {**CATALOGUE[2], **other}])
    assert code == 0
    assert "SERIES" in out
    assert "shop/db/weekly" in out
    assert "2 of 2 kept" in out


def test_an_object_of_backups_list_is_understood_whole(ask: Ask):
    listed = {
        "id": "shop-db-daily-20261122T0200Z",
        "service": "shop",
        "source": "db",
        "class": "daily",
        "status": "verified",
        "started_at": "2026-11-22T11:00:00+09:00",
        "finished_at": "2026-11-22T02:04:05.123456Z",
        "verified_at": None,
        "level": "format",
        "regions": ["asia-northeast1", "asia-northeast2"],
        "bytes": 123,
        "pinned": True,
        "kind": "a key that retention does not know",
    }
    code, out, _ = ask({"keep_days": 30, "minimum_verified": 2}, [listed], "--json")
    assert code == 0
    assert json.loads(out) == [{"id": listed["id"], "keep": True, "reasons": ["pinned"]}]


def test_no_regions_named_means_one_without_a_name(ask: Ask):
    bare = {**CATALOGUE[1], "regions": []}
    assert '"minimum verified"' in ask({"daily": 1}, [bare], "--json")[1]


def test_what_a_backup_builds_on_may_be_told_too(ask: Ask):
    chained = [{**CATALOGUE[1], "needs": ["b"]}, {**CATALOGUE[2], "restores": []}]
    _, out, _ = ask({"daily": 1}, chained, "--json")
    assert json.loads(out)[1] == {"id": "b", "keep": True, "reasons": ["needed by a"]}


def test_now_without_a_zone_is_in_the_policys(ask: Ask):
    """11:30 in Tokyo is 02:30 in UTC: "c" has begun. In UTC's 11:30 it has, too; at 10:30 not."""
    policy = {"daily": 1, "zone": "Asia/Tokyo"}
    for now, future in (("2026-11-22T10:30", True), ("2026-11-22T11:30", False)):
        _, out, _ = ask(policy, CATALOGUE, "--json", now=now)
        assert (json.loads(out)[0]["reasons"] == ["future"]) is future


def test_the_clock_is_asked_when_no_time_is_given(tmp_path, capsys):
    (tmp_path / "p").write_text('{"daily": 1}')
    (tmp_path / "c").write_text(json.dumps([{**CATALOGUE[1], "started_at": "2000-01-01T00:00Z"}]))
    files = ["--policy", str(tmp_path / "p"), "--catalog", str(tmp_path / "c")]
    assert main(["backups", "retention", *files, "--json"]) == 2  # "00:00Z": seconds are missing
    assert "$[0].started_at" in capsys.readouterr().err
    (tmp_path / "c").write_text(
        json.dumps([{**CATALOGUE[1], "started_at": "2000-01-01T00:00:00Z"}])
    )
    assert main(["backups", "retention", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["keep"] is True


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({}, "policy.json: it keeps nothing; set one of daily"),
        ({"daily": 0, "zone": "UTC", "minimum_verified": 3}, "policy.json: it keeps nothing"),
        ({"dayly": 7}, "policy.json: $.dayly: no such key. Did you mean daily?"),
        ({"daily": -1}, "policy.json: $.daily: Expected `int` >= 0"),
        ({"daily": 1, "weekly": "4"}, "policy.json: $.weekly: Expected `int`, got `str`"),
        ({"daily": True}, "policy.json: $.daily"),
        ({"daily": 1, "minimum_verified": 0}, "policy.json: $.minimum_verified"),
        ({"daily": 1, "zone": "Asia/Tokio"}, "policy.json: $.zone: no such time zone: Asia/Tokio"),
        ([], "policy.json: expected one JSON object"),
        ('{"daily": 1, "daily": 2}', "policy.json: not JSON: key 'daily' occurs twice"),
        ("daily: 7", "policy.json: not JSON"),
    ],
)
def test_a_bad_policy_is_one_line_with_file_and_field(ask: Ask, policy, told):
    code, out, err = ask(policy, CATALOGUE, "--json")
    assert (code, out) == (2, "")
    assert err.startswith(f"toban: {told}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": "done"}, "$[1].status: Invalid enum value 'done'"),
        ({"status": None}, "$[1].status"),
        ({"started_at": "2026-11-21T02:00:00"}, "$[1].started_at"),
        ({"started_at": "yesterday"}, "$[1].started_at"),
        ({"started_at": "0001-01-01T00:00:00Z"}, "$[1].started_at: 0001-01-01T00:00:00+00:00 is"),
        ({"id": "c"}, "$[1].id: the id c occurs twice"),
        ({"id": ""}, "$[1].id"),
        ({"regions": "asia-northeast1"}, "$[1].regions"),
        ({"pinned": "yes"}, "$[1].pinned"),
        ({"bytes": "10"}, "$[1].bytes"),
        ({"needs": [1]}, "$[1].needs[0]"),
    ],
)
def test_a_bad_catalogue_too(ask: Ask, change, told):
    listed = [CATALOGUE[0], {**CATALOGUE[1], **change}]
    code, out, err = ask({"daily": 1}, listed, "--json")
    assert (code, out) == (2, "")
    assert err.startswith(f"toban: catalog.json: {told}")


def test_a_catalogue_that_is_none(ask: Ask):
    assert ask({"daily": 1}, {"backups": []})[0] == 2
    assert ask({"daily": 1}, [1])[2].startswith("toban: catalog.json: $[0]: Expected `object`")
    assert "missing required field `status`" in ask({"daily": 1}, [{"id": "a"}])[2]
    assert ask({"daily": 1}, [], "--json")[:2] == (0, "[]\n")
    assert ask({"daily": 1}, [])[:2] == (0, "The catalogue is empty.\n")


def test_a_file_that_is_not_there_or_a_time_that_is_none(ask: Ask):
    code, _, err = ask({"daily": 1}, [], now="yesterday")
    assert (code, err) == (
        2,
        "toban: 'yesterday' is not a time; write 2026-11-22T12:00+09:00\n",
    )
    assert main(["backups", "retention", "--policy", "none", "--catalog", "none"]) == 2


def test_every_reason_can_be_said_in_both_languages():
    for word in WORDS:
        english = say("en", f"keep.{word}", detail="x")
        assert english == str(Reason(word, "x"))
        assert say("ja", f"keep.{word}", detail="x")
    for detail in ("daily", "weekly", "monthly", "yearly", "failed", "partial", "never verified"):
        assert words.WORDS[f"detail.{detail}"]["en"] == detail
