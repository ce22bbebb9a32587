"""A team file fills the sections that its profiles lack; what is wrong is told where it stands."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toban.oncall.section import ONCALL
from toban.people.section import PEOPLE
from toban.profile.section import SERVICE
from toban.profile.version import profile_version
from toban.sections.files import check_directory, check_file
from toban.sections.load import load_directory, load_profile, parse_profile
from toban.strictyaml.findings import FileErrors
from toban.topology.generate import ROOT

SHOP = """\
service: {id: shop, name: Shop, default: true}
team: ops
severities:
  - {label: P1, level: 1, words: [critical], notify: ["oncall:primary"], via: [mail]}
channels:
  mail: {type: email}
escalation:
  - severities: [P1]
    steps:
      - {after: 0m, notify: ["oncall:all"]}
"""
BLOG = SHOP.replace("{id: shop, name: Shop, default: true}", "{id: blog, name: Blog, match: [{labels: {a: b}}]}")  # fmt: skip
OPS = """\
people:
  aoki: {name: Aoki, email: aoki@example.jp}
  baba: {name: Baba, email: baba@example.jp}
  chiba: {name: Chiba, email: chiba@example.jp}
oncall:
  members: [aoki, baba]
  first_shift: 2025-01-06
"""


@pytest.fixture
def infra(tmp_path) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "teams").mkdir()
    write(tmp_path)
    return tmp_path


def write(infra: Path, shop: str = SHOP, ops: str = OPS, blog: str = "") -> None:
    (infra / "services" / "shop.yaml").write_text(shop, encoding="utf-8")
    (infra / "teams" / "ops.yaml").write_text(ops, encoding="utf-8")
    if blog:
        (infra / "services" / "blog.yaml").write_text(blog, encoding="utf-8")


def said(infra: Path) -> list[str]:
    """What checking says, without infos and without the place of the trial."""
    return [
        f.render().replace(f"{infra}/", "")
        for f in check_directory(infra / "services")
        if f.severity != "info"
    ]


def test_a_profile_has_the_people_and_the_rotation_of_its_team(infra):
    profile = load_profile(infra / "services" / "shop.yaml")

    assert list(profile[PEOPLE]) == ["aoki", "baba", "chiba"]
    assert profile[ONCALL].members == ("aoki", "baba")
    assert said(infra) == []


def test_whose_file_says_it_makes_no_difference(infra):
    alone = SHOP.replace("team: ops\n", "") + OPS

    assert profile_version(load_profile(infra / "services" / "shop.yaml")) == profile_version(
        parse_profile(alone).profile
    )


def test_a_profiles_own_people_and_rotation_win_and_a_clash_is_told(infra):
    own = """\
people:
  baba: {name: Our Baba, email: our-baba@example.jp}
oncall: {members: [baba, aoki], first_shift: 2025-01-06}
"""
    write(infra, SHOP + own)
    profile = load_profile(infra / "services" / "shop.yaml")

    assert profile[PEOPLE]["baba"].name == "Our Baba"
    assert profile[PEOPLE]["aoki"].name == "Aoki"
    assert profile[ONCALL].members == ("baba", "aoki")
    assert said(infra) == [
        (
            "services/shop.yaml:12:3: warning: people.baba: the team file has people.baba as well "
            "(teams/ops.yaml:3); this profile's own is used. [team-clash]"
        ),
        (
            "services/shop.yaml:13:1: warning: oncall: the team file has oncall as well "
            "(teams/ops.yaml:5); this profile's own is used. [team-clash]"
        ),
    ]


def test_what_is_wrong_with_the_teams_people_stands_in_the_teams_file(infra):
    wrong = OPS.replace("[aoki, baba]", "[aoki, bab]").replace(", email: aoki@example.jp", "")
    write(infra, ops=wrong, blog=BLOG)

    findings = said(infra)

    # Each once, although two profiles and the team itself have it.
    assert [f for f in findings if "[unknown-person]" in f] == [
        (
            "teams/ops.yaml:6:19: error: oncall.members[1]: there is no person 'bab'. "
            "Did you mean baba? [unknown-person]"
        )
    ]
    assert [f for f in findings if "[no-email]" in f] == [
        "teams/ops.yaml:2:3: warning: people.aoki: aoki has no email address. [no-email]"
    ]
    # That a page cannot reach her is a matter of each profile.
    assert [f.split(":")[0] for f in findings if "[no-address]" in f and "steps" in f] == [
        "services/blog.yaml",
        "services/shop.yaml",
    ]


def test_people_of_the_team_whom_a_service_never_calls_are_no_concern_of_it(infra):
    assert "chiba" in load_profile(infra / "services" / "shop.yaml")[PEOPLE]
    assert not [
        f for f in check_file(infra / "services" / "shop.yaml") if f.code == "unused-person"
    ]

    write(infra, SHOP + "people: {doi: {name: Doi, email: doi@example.jp}}\n")

    assert [f.path for f in check_file(infra / "services" / "shop.yaml") if f.code == "unused-person"] == ["people.doi"]  # fmt: skip


def test_a_team_that_is_not_there_is_told_where_it_is_named(infra):
    write(infra, SHOP.replace("team: ops", "team: opps"))

    [finding] = said(infra)[:1]
    assert finding.startswith("services/shop.yaml:2:1: error: team: there is no team file ")
    assert "Did you mean ops? [unknown-team]" in finding
    with pytest.raises(FileErrors, match="unknown-team"):
        load_directory(infra / "services")


@pytest.mark.parametrize("name", ["../services/shop", "Ops", "a/b", '""'])
def test_a_team_is_named_by_an_id(infra, name):
    write(infra, SHOP.replace("team: ops", f"team: {name}"))

    with pytest.raises(FileErrors, match="expected an id"):
        load_profile(infra / "services" / "shop.yaml")


def test_a_team_file_that_cannot_be_read_is_told_once_with_its_lines(infra):
    write(infra, ops=OPS + "channels: {}\npeople: {}\n", blog=BLOG)

    with pytest.raises(FileErrors) as raised:
        load_directory(infra / "services")

    assert [f.render().replace(f"{infra}/", "") for f in raised.value.findings] == [
        (
            "teams/ops.yaml:8:1: error: channels: unknown key 'channels'. Known: oncall, people. "
            "[unknown-key]"
        ),
        "teams/ops.yaml:9:1: error: people: the key 'people' is already on line 1. [duplicate-key]",
    ]


def test_a_team_file_alone_is_checked(infra):
    path = infra / "teams" / "ops.yaml"
    assert check_file(path) == []

    path.write_text(OPS.replace("2025-01-06", "2025-01-08").replace("[aoki, baba]", "[nobody]"))

    assert [(f.line, f.code) for f in check_file(path)] == [
        (6, "unknown-person"),
        (7, "first-shift"),
    ]
    assert check_directory(infra / "teams") == check_file(path)


def test_a_team_that_no_profile_names_is_told(infra):
    (infra / "teams" / "spare.yaml").write_text(OPS)

    assert said(infra) == [
        "teams/spare.yaml:1:1: warning: no profile names this team. [unused-team]"
    ]


def test_a_hidden_file_beside_teams_is_none(infra):
    (infra / "teams" / ".#ops.yaml").symlink_to("aoki@laptop.123:456")  # while Emacs edits it
    assert said(infra) == []


def test_times_in_a_team_file_without_a_zone_are_in_the_zone_of_the_service(infra):
    stand_in = "  overrides: [{start: 2025-07-01 09:00, end: 2025-07-02 09:00, person: baba}]\n"
    write(infra, SHOP.replace("name: Shop", "name: Shop, timezone: Europe/Berlin"), OPS + stand_in)

    rotation = load_profile(infra / "services" / "shop.yaml")[ONCALL]

    assert rotation.overrides[0].start == datetime(2025, 7, 1, 7, tzinfo=UTC)


def test_the_shipped_team_is_that_of_the_platform():
    profiles = load_directory(ROOT / "infra" / "services")

    assert list(profiles["toban"][PEOPLE]) == ["operator"]
    assert profile_version(profiles["toban"]) == "3801026b832f"  # as when it stood in one file
    assert profiles["toban"][SERVICE].default
    assert check_directory(ROOT / "infra" / "teams") == []
