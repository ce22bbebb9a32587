"""`toban init`: what it writes passes `toban check`, is nobody else's to read, and replaces nothing."""

from __future__ import annotations

import io
import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Said
from toban.cli import main
from toban.cli.init import answers, defaults, files
from toban.cli.init.answers import BadAnswer, NewPerson, NewService
from toban.cli.init.profile import profile_of
from toban.kernel.event import timestamp
from toban.oncall.section import ONCALL
from toban.oncall.shifts import who_is_on_duty
from toban.people.section import PEOPLE
from toban.profile.section import SERVICE
from toban.sections.load import load_directory, parse_profile
from toban.strictyaml.scalars import parse_id

SECRETS = {"INGEST_ALERTMANAGER", "INGEST_CLOUD_MONITORING", "INGEST_GENERIC"}
AOKI = ("--person", "Aoki <aoki@example.jp>")


class Keyboard(io.StringIO):
    """Standard input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Folder:
    """An empty directory that is worked in."""

    path: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def run(self, *arguments: str, lang: str = "en") -> Said:
        self.capture.readouterr()
        code = main([*arguments, "--lang", lang])
        return Said(code, *self.capture.readouterr())

    def typed(self, *lines: str, lang: str = "en", more: tuple[str, ...] = ()) -> Said:
        self.patch.setattr("sys.stdin", Keyboard("".join(f"{line}\n" for line in lines)))
        return self.run("init", *more, lang=lang)

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def names(self) -> set[str]:
        return {str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file()}

    def secrets(self) -> dict[str, str]:
        found = re.findall(r"(?m)^TOBAN_SECRET_(\w+)=(.+)$", self.read(".toban.env"))
        return dict(found)


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(defaults, "_git", lambda _, key: {"user.name": "Dana"}.get(key, ""))
    monkeypatch.setattr(defaults, "zone_here", lambda language: "Europe/Berlin")
    return Folder(tmp_path / "shop", capsys, monkeypatch)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "people",
    [
        AOKI,
        ("--person", "Aoki"),
        (*AOKI, "--person", "馬場 <baba@example.jp>", "--person", "千葉"),
        (*AOKI, "--person", "Baba <baba@example.jp>"),
    ],
)
def test_by_flags_alone_it_writes_what_check_accepts(folder, lang, people):
    said = folder.run("init", "--name", "Shop", "--zone", "Asia/Tokyo", *people, lang=lang)
    assert said.code == 0, said.err
    assert folder.names() == {"infra/services/shop.yaml", ".toban.env", ".gitignore"}

    found = folder.run("check", "--json").json()

    # Whoever has no address is told of, and nothing else.
    unreachable = sum("@" not in word for word in people[1::2])
    warned = [f["code"] for f in found if f["severity"] != "info"]
    assert warned == ["no-email"] * unreachable
    profile = load_directory(folder.path / "infra" / "services")["shop"]
    assert profile[SERVICE].language == lang
    assert profile[SERVICE].default
    assert [p.name for p in profile[PEOPLE].values()] == [
        answers.person(word).name for word in people[1::2]
    ]
    comments = [
        line for line in folder.read("infra/services/shop.yaml").splitlines() if "#" in line
    ]
    assert bool(re.search("[ぁ-ん]", "".join(comments))) == (lang == "ja")


def test_its_next_three_commands_are_told_with_the_options_that_were_given(folder):
    said = folder.run("init", "../a b", "--yes", "--data", "d", "--services", "mine")
    assert (folder.path.parent / "a b" / "mine" / "a-b.yaml").is_file()
    assert (folder.path.parent / "a b" / ".toban.env").is_file()
    begin = "    toban --data d --services mine "
    commands = [
        line.removeprefix(begin) for line in said.out.splitlines() if line.startswith(begin)
    ]
    assert commands == [
        "dev",
        "send generic --service a-b --set severity=critical",
        "incidents ack",
    ]
    assert "Next, in ../a b:" in said.out


def test_secrets_are_new_each_time_and_only_this_user_can_read_them(folder):
    os.umask(os.umask(0o077) & 0)  # nothing is taken away by a mask
    said = folder.run("init", "--yes")
    assert stat.S_IMODE((folder.path / ".toban.env").stat().st_mode) == 0o600
    first = folder.secrets()
    assert set(first) == SECRETS
    assert len(set(first.values())) == 3
    assert min(map(len, first.values())) >= 40
    assert [value for value in first.values() if value in said.out + said.err] == []
    (folder.path / ".toban.env").unlink()
    folder.run("init", "--yes", "--id", "other")
    assert set(folder.secrets().values()).isdisjoint(first.values())


def test_git_is_told_to_leave_them_alone_and_what_it_is_told_already_stays(folder):
    (folder.path / ".gitignore").write_text("*.pyc", encoding="utf-8")
    assert folder.run("init", "--yes").code == 0
    assert folder.read(".gitignore") == "*.pyc\n/.toban.env\n/.toban/\n"
    assert "kept .gitignore as it is" in folder.run("init", "--yes", "--id", "other").out
    assert folder.read(".gitignore") == "*.pyc\n/.toban.env\n/.toban/\n"


@pytest.mark.parametrize(
    ("gitignore", "name", "covered"),
    [
        ("/.toban.env\n", ".toban.env", True),
        (".toban*\n", ".toban/", True),
        ("*.env\n", ".toban.env", True),
        (".toban/\n", ".toban.env", False),
        (".toban.env/\n", ".toban.env", False),
        ("# .toban.env\n", ".toban.env", False),
        ("sub/.toban.env\n", ".toban.env", False),
        (".*\n!.toban.env\n", ".toban.env", False),
        ("!.toban.env\n.*\n", ".toban.env", True),
        ("", ".toban.env", False),
    ],
)
def test_what_a_gitignore_covers(gitignore, name, covered):
    assert files.covers(gitignore, name) is covered


def test_a_dry_run_shows_everything_but_secrets_and_writes_nothing(folder):
    said = folder.run("init", "--yes", "--dry-run")
    assert said.code == 0
    assert folder.names() == set()
    assert "would write infra/services/shop.yaml:" in said.out
    assert "      id: shop" in said.out
    assert said.out.count("=(a new secret)") == 3
    assert "Next" not in said.out


def test_for_scripts(folder):
    said = folder.run("init", "--yes", "--json")
    assert said.json() == {
        "service": "shop",
        "written": True,
        "files": [
            {"path": ".gitignore", "change": "written"},
            {"path": ".toban.env", "change": "written"},
            {"path": "infra/services/shop.yaml", "change": "written"},
        ],
    }


@pytest.mark.parametrize("there", ["infra/services/shop.yaml", "infra/services/shop.yml"])
def test_a_profile_that_is_there_is_named_and_nothing_is_written(folder, there):
    path = folder.path / there
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    said = folder.run("init", "--yes")
    assert said.code == 1
    assert f"{there} is there already" in said.err
    assert folder.names() == {there}
    assert folder.read(there) == "mine"


def test_a_link_to_nowhere_is_there_as_well(folder):
    (folder.path / ".toban.env").symlink_to(folder.path.parent / "elsewhere.env")
    assert folder.run("init", "--yes").code == 0
    assert not (folder.path.parent / "elsewhere.env").exists()
    (folder.path / "infra" / "services" / "b.yaml").symlink_to("nowhere")
    said = folder.run("init", "--yes", "--id", "b")
    assert "b.yaml is there already" in said.err


def test_a_second_service_stands_beside_the_first_and_keeps_the_secrets(folder):
    folder.run("init", "--yes", *AOKI)
    before = folder.secrets()

    said = folder.run("init", "--yes", *AOKI, "--name", "Stock Room")

    assert said.code == 0, said.err
    assert "kept .toban.env as it is" in said.out
    assert folder.secrets() == before
    profiles = load_directory(folder.path / "infra" / "services")
    assert {id_: p[SERVICE].default for id_, p in profiles.items()} == {
        "shop": True,
        "stock-room": False,
    }
    assert "2 profiles, no errors, 0 warnings." in folder.run("check").out


def test_the_same_id_in_another_file_is_refused(folder):
    folder.run("init", "--yes")
    services = folder.path / "infra" / "services"
    (services / "shop.yaml").rename(services / "renamed.yaml")
    said = folder.run("init", "--yes")
    assert (said.code, "a service shop is among the profiles" in said.err) == (1, True)
    assert not (services / "shop.yaml").exists()


def test_what_check_would_refuse_is_not_written(folder):
    """The other service's rule is the one that the new profile would have."""
    folder.run("init", "--yes", *AOKI)
    path = folder.path / "infra" / "services" / "shop.yaml"
    text = path.read_text(encoding="utf-8")
    rule = "match: [{labels: {service: stock}}]"
    path.write_text(text.replace("  default: true", f"  default: true\n  {rule}"), encoding="utf-8")
    said = folder.run("init", "--yes", "--id", "stock", *AOKI)
    assert said.code == 1
    assert "error" in said.err
    assert "stock" in said.err
    assert not path.with_name("stock.yaml").exists()


def test_profiles_that_cannot_be_read_are_told_with_their_line(folder):
    services = folder.path / "infra" / "services"
    services.mkdir(parents=True)
    (services / "bad.yaml").write_text("service:\n  id: bad\n  nmae: Bad\n", encoding="utf-8")
    said = folder.run("init", "--yes")
    assert said.code == 1
    assert "bad.yaml:3" in said.err
    assert not (folder.path / ".toban.env").exists()


def test_when_one_file_cannot_be_written_none_is_left(folder):
    (folder.path / ".gitignore").write_text("*.pyc\n", encoding="utf-8")
    (folder.path / "infra").write_text("in the way", encoding="utf-8")
    said = folder.run("init", "--yes")
    assert said.code == 1
    assert "infra" in said.err
    assert folder.names() == {".gitignore", "infra"}
    assert folder.read(".gitignore") == "*.pyc\n"


def test_what_appears_meanwhile_is_not_replaced(tmp_path):
    taken = tmp_path / "deep" / "b"
    planned = [
        files.PlannedFile(tmp_path / "new" / "a", "written", "a"),
        files.PlannedFile(taken, "written", "b"),
    ]
    taken.parent.mkdir()
    taken.write_text("mine")
    with pytest.raises(FileExistsError):
        files.write(planned)
    assert taken.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]


def test_where_nobody_can_be_asked_it_says_what_to_give(folder):
    said = folder.run("init", "--name", "Shop", *AOKI)
    assert (said.code, folder.names()) == (2, set())
    assert "--zone" in said.err
    assert "--yes" in said.err


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("--zone", "JST"), "'JST'"),
        (("--zone", "EST"), "Did you mean America/New_York?"),
        (("--zone", "../etc/passwd"), "'../etc/passwd'"),
        (("--id", "Shop!"), "'Shop!'"),
        (("--id", "x" * 64), "63"),
        (("--name", " "), "--name"),
        (("--name", "a\x1b[2Jb"), "--name"),
        (("--name", "n" * 101), "at most 100"),
        (("--person", "Aoki <nowhere>"), "'Aoki <nowhere>'"),
        (("--person", "<>"), "'<>'"),
        ((*AOKI, *AOKI), "Aoki <aoki@example.jp> is named twice"),
    ],
)
def test_a_flag_that_cannot_be_taken_is_named(folder, flags, word):
    said = folder.run("init", "--yes", *flags)
    assert (said.code, folder.names()) == (2, set())
    assert word in said.err


def test_a_script_is_asked_nothing_even_on_a_terminal(folder):
    said = folder.typed("Shop", more=("--json",))
    assert (said.code, folder.names()) == (2, set())
    assert "--name" in said.err


def test_on_a_terminal_it_asks_shows_what_enter_means_and_asks_again(folder):
    said = folder.typed(
        "", "Berlin", "", "", "Baba <baba@example.jp>", "Baba <baba@example.jp>", "x <y>", ""
    )
    assert said.code == 0, said.err
    assert "Name of the service [shop]: " in said.err
    assert said.err.count("Time zone [Europe/Berlin]: ") == 2
    assert "'Berlin'" in said.err
    assert "Did you mean Europe/Berlin?" in said.err
    assert "  1 [Dana]: " in said.err
    assert "Baba <baba@example.jp> is named twice" in said.err
    assert "'x <y>' is no person" in said.err
    assert "Its id" not in said.err, "the name says it"
    profile = load_directory(folder.path / "infra" / "services")["shop"]
    assert [p.name for p in profile[PEOPLE].values()] == ["Dana", "Baba"]
    assert profile[SERVICE].timezone == "Europe/Berlin"


def test_a_japanese_name_is_asked_for_an_id_and_the_folder_suggests_one(folder):
    said = folder.typed("売店", "売店", "", "Asia/Tokyo", "青木 <aoki@example.jp>", "", lang="ja")
    assert said.code == 0, said.err
    assert said.err.count("サービスの ID（a-z、0-9、-） [shop]: ") == 2
    text = folder.read("infra/services/shop.yaml")
    assert "  name: 売店\n" in text
    assert "  aoki: {name: 青木, email: aoki@example.jp}\n" in text
    assert folder.run("init", "--yes", "--name", "倉庫", "--id", "soko").code == 0


def test_ctrl_d_ends_it_and_nothing_is_written(folder):
    said = folder.typed("Shop")
    assert (said.code, folder.names()) == (1, set())
    assert "Nothing was done." in said.err


@pytest.mark.parametrize(
    ("words", "id_"),
    [
        (("Shop",), "shop"),
        (("Café  Shop 2",), "cafe-shop-2"),
        (("ＳＨＯＰ",), "shop"),
        (("売店", "my-folder"), "my-folder"),
        (("売店", "倉庫"), "service"),
        (("3 Bears",), "bears"),
        (("x" * 62 + " y",), "x" * 62),
    ],
)
def test_an_id_follows_from_a_name(words, id_):
    assert answers.id_from(*words) == id_
    assert parse_id(id_) == id_


def test_only_a_name_whose_letters_all_show_in_its_id_is_not_asked_for_one():
    assert [
        n for n in ("Shop", "Café", "ＳＨＯＰ", "売店 API", "売店", "42") if answers.is_spelled(n)
    ] == [
        "Shop",
        "Café",
        "ＳＨＯＰ",
    ]


@pytest.mark.parametrize(
    ("word", "person"),
    [
        ("Aoki <aoki@example.jp>", NewPerson("Aoki", "aoki@example.jp")),
        ("  青木  花子 < hanako@example.jp > ", NewPerson("青木 花子", "hanako@example.jp")),
        ("aoki@example.jp", NewPerson("aoki", "aoki@example.jp")),
        ("<aoki@example.jp>", NewPerson("aoki", "aoki@example.jp")),
        ("Aoki", NewPerson("Aoki")),
    ],
)
def test_a_person_is_read(word, person):
    assert answers.person(word) == person


@pytest.mark.parametrize("word", ["", "<>", "a <b> c", "Aoki <a@b> <c@d>", "a\x00b", "@"])
def test_what_is_no_person_is_none(word):
    with pytest.raises(BadAnswer):
        answers.person(word)


def test_everybody_has_an_id_of_their_own():
    people = [
        NewPerson("Aoki"),
        NewPerson("Aoki", "a@x.jp"),
        NewPerson("馬場", "baba@x.jp"),
        NewPerson("千葉"),
        NewPerson("Person 5"),
        NewPerson("土井"),
    ]
    assert answers.people_ids(people) == [
        "aoki",
        "aoki-2",
        "baba",
        "person-4",
        "person-5",
        "person-6",
    ]


WORDS = ["on", "No", "null", "~", "1.0", "1e3", "a: b", "x # y", "- x", "'q'", '"q"', "{x}", "[x]", "\\", "é à", "日本 語", "&a", "*a", "!x", "%x", "@x", "`x`", "yes", "2025-01-06", "=", "Mr. X", "O'Neill", "🍣", "a,b"]  # fmt: skip


def test_any_name_comes_back_as_it_was_written():
    for word in WORDS:
        people = (NewPerson(word, "a@example.jp"), NewPerson(f"{word} 2", "b@example.jp"))
        service = NewService("shop", word, "Asia/Tokyo", people, "en")
        text = profile_of(service, default=True, first_shift=date(2026, 11, 23))
        profile = parse_profile(text).profile
        assert profile[SERVICE].name == word
        assert [p.name for p in profile[PEOPLE].values()] == [word, f"{word} 2"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 0, 0, tzinfo=UTC),
        datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 16, 59, tzinfo=UTC),
        datetime(2026, 11, 29, 12, 0, tzinfo=UTC),
    ],
    ids=timestamp,
)
def test_whoever_is_named_first_is_on_duty_first(zone, now):
    service = NewService("s", "S", zone, (NewPerson("A"), NewPerson("B")), "en")
    text = profile_of(service, default=True, first_shift=answers.first_shift(now, zone))
    rotation = parse_profile(text).profile[ONCALL]
    assert rotation is not None
    duty = who_is_on_duty(rotation, zone, now)
    assert (duty.primary, duty.secondary) == ("a", "b")
    assert (now - duty.shift_start).days < 7


def test_the_zone_of_this_machine_is_suggested_unless_it_names_no_place(tmp_path, monkeypatch):
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Paris")
    monkeypatch.setenv("TZ", ":America/New_York")
    assert defaults.zone_here("ja", link) == "America/New_York"
    monkeypatch.setenv("TZ", "JST-9")
    assert defaults.zone_here("ja", link) == "Europe/Paris"
    monkeypatch.delenv("TZ")
    link.unlink()
    link.symlink_to("/usr/share/zoneinfo/Etc/UTC")
    assert (defaults.zone_here("ja", link), defaults.zone_here("en", link)) == ("Asia/Tokyo", "UTC")


def test_who_works_here_is_known_by_git_or_by_the_machine(tmp_path, monkeypatch):
    known = {"user.name": "Dana", "user.email": "dana@example.jp"}
    monkeypatch.setattr(defaults, "_git", lambda _, key: known.get(key, ""))
    assert defaults.person_here(tmp_path) == NewPerson("Dana", "dana@example.jp")
    known.clear()
    monkeypatch.setattr("getpass.getuser", lambda: "dana")
    assert defaults.person_here(tmp_path) == NewPerson("dana")


def test_git_is_asked_in_the_folder_above_one_that_is_not_there_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Dana")
    assert defaults._git(tmp_path / "new" / "er", "user.name") == "Dana"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert defaults._git(tmp_path, "user.name") == ""


@pytest.mark.parametrize("name", ["a\x1b[2J", "x" * 120])
def test_a_directory_whose_name_is_none_for_a_service_is_told_of(folder, name):
    said = folder.run("init", name, "--yes")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("toban: --name: ")
    assert "\x1b" not in said.err
    assert folder.run("init", name, "--yes", "--name", "Shop").code == 0


@pytest.mark.parametrize("data", [".", ".."])
def test_data_that_no_gitignore_could_name_is_refused(folder, data):
    said = folder.run("--data", data, "init", "--yes", "--name", "Shop")
    assert (said.code, f"--data {data}: " in said.err) == (2, True)
    assert folder.names() == set()
