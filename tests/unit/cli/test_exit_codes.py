"""How commands end: one code for what there is not, another for what was asked wrongly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Each names something that is kept, or that a profile names, and that there is none of.
NONE_OF_IT = [
    "incidents show inc-nope",
    "incidents resolve inc-nope",
    "incidents severity inc-nope P1",
    "incidents note inc-nope some words",
    "backups show nope",
    "backups list --service shop --source nope",
    "backups rpo --service nope",
    "backups run shop nope",
    "backups run shop media nope",
    "backups verify nope",
    "backups test shop nope",
    "backups extract nope",
    "backups pin nope",
    "backups discard nope --yes",
    "backups rewrap --backup nope",
    "restore shop nope --to staging",
    "restore shop media --to staging --backup nope",
    "restore shop media --to staging --region nope",
    "oncall --service nope",
    "parked show nope",
    "services retire nope --yes",
    "test-page nobody",
    "test-page taro --service nope",
    "test-page --list --service nope",
    "trace nope",
]


ASKED_WRONGLY = [
    "incidens list",
    "incidents shw",
    "incidents list --status nope",
    "incidents list --nope",
    "backups run shop media",
    "backups list --status nope",
    "backups verify",
    "oncall --at yesterday",
    "send nope",
    "services retire shop",
]


def test_what_there_is_not_ends_with_one(vault):
    said = {line: vault.run(*line.split()) for line in NONE_OF_IT}

    assert {line: (each.code, each.err) for line, each in said.items() if each.code != 1} == {}
    assert [line for line, each in said.items() if "toban: " not in each.err] == []


def test_what_was_asked_wrongly_ends_with_two(vault):
    assert {vault.run(*line.split()).code for line in ASKED_WRONGLY} == {2}


@pytest.mark.parametrize("language", ["", ".ja"])
def test_the_codes_are_documented(language):
    page = (ROOT / f"docs/operations{language}.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(\d+)` \|", page, re.MULTILINE) == ["0", "1", "2", "3", "130"]


LISTS = [
    "incidents list",
    "notifications list",
    "outbox list",
    "services list",
    "backups list",
    "audit",
    "parked list",
    "dead list",
    "logs",
    "trace anything",
    "test-page --list",
    "check --store",
]


def test_a_list_of_what_was_never_kept_ends_with_one_and_an_empty_one_with_zero(empty):
    never = {line: empty.run(*line.split()) for line in LISTS}
    assert {line: each.code for line, each in never.items() if each.code != 1} == {}
    assert {
        line for line, each in never.items() if each.out or str(empty.data) not in each.err
    } == set()
    assert empty.run("incidents", "list", "--json").out == ""
    assert not empty.data.exists()

    assert empty.run("apply").code == 0
    kept = {
        line: empty.run(*line.split())
        for line in LISTS
        if line not in ("logs", "trace anything", "check --store")
    }
    assert {line: each.code for line, each in kept.items() if each.code != 0} == {}


def test_a_file_in_place_of_the_data_directory_is_told_by_every_command(empty):
    empty.data.write_text("not a directory", encoding="utf-8")
    for line in [*LISTS, "apply", "dev", "check", "clock show"]:
        said = empty.run(*line.split())
        assert (said.code, f"{empty.data} is a file" in said.err) == (1, True), line
        assert said.err.count("\n") == 1
