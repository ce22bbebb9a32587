"""`toban check`, `plan`, `apply` and `oncall` follow a profile to its team file."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import PROFILE

TEAM = """\
people:
  hanako: {name: Hanako, email: hanako@example.jp}
  taro: {name: Taro, email: taro@example.jp}
oncall:
  members: [hanako, taro]
  first_shift: 2025-01-06
  handover: {weekday: mon, at: "09:00"}
"""


@pytest.fixture
def desk(empty):
    """The shop of the other tests, its people and rotation in a team file."""
    assert TEAM in PROFILE
    (empty.services / "shop.yaml").write_text(PROFILE.replace(TEAM, "team: ops\n"))
    teams = empty.services.parent / "teams"
    teams.mkdir()
    (teams / "ops.yaml").write_text(TEAM)
    return empty


def test_check_is_content_with_both_and_with_each(desk):
    teams = desk.services.parent / "teams"

    assert desk.run("check").code == 0
    assert desk.run("check", str(desk.services / "shop.yaml")).code == 0
    assert desk.run("check", str(teams / "ops.yaml")).code == 0
    assert desk.run("check", str(teams)).code == 0


def test_check_tells_what_is_wrong_where_it_stands(desk):
    path = desk.services.parent / "teams" / "ops.yaml"
    path.write_text(TEAM.replace("[hanako, taro]", "[hanako, jiro]"))

    said = desk.run("check")

    assert said.code == 1
    assert f"{path}:5:21: error: oncall.members[1]: there is no person 'jiro'" in said.out


def test_oncall_knows_the_teams_rotation(desk):
    said = desk.run("oncall", "--service", "shop", "--at", "2025-01-14 12:00", "--json").json()

    assert [duty["primary"]["name"] for duty in said] == ["Taro"]


def test_plan_and_apply_see_no_difference_from_one_file(desk):
    applied = desk.run("apply", "--json").json()
    assert [(c["service"], c["change"]) for c in applied] == [("shop", "new")]

    (desk.services / "shop.yaml").write_text(PROFILE)

    assert [c["change"] for c in desk.run("plan", "--json").json()] == ["unchanged"]


def test_a_change_of_the_team_is_a_change_of_its_profiles(desk):
    desk.run("apply")
    path = desk.services.parent / "teams" / "ops.yaml"
    path.write_text(TEAM.replace("name: Taro", "name: Taro T."))

    assert [c["change"] for c in desk.run("plan", "--json").json()] == ["changed"]


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-12:00", "9999-12-31", "0001-01-01T00:00Z"])
def test_a_time_around_which_no_weeks_can_be_counted_is_refused(desk, time):
    said = desk.run("oncall", "--at", time)
    assert (said.code, "is not a time" in said.err) == (2, True), said.err
    assert desk.run("dev", "--clock", "virtual", "--at", time).code == 2


def test_a_first_shift_at_the_end_of_all_years_is_a_finding(desk):
    team = desk.services.parent / "teams" / "ops.yaml"
    team.write_text(TEAM.replace("2025-01-06", "9999-12-31"))
    said = desk.run("check")
    assert said.code == 1
    assert "ops.yaml:6:" in said.out + said.err
    assert "no such day as 9999-12-31" in said.out + said.err
