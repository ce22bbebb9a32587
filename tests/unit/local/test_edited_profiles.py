"""Profiles that are edited while a runtime runs: taken up, or said why not; nothing is half taken."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Collection
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest

from toban.adapters.local.memory.store import MemorySecrets, MemoryStore
from toban.channels.senders import ChannelSenders
from toban.cli import main
from toban.kernel.documents import Documents
from toban.kernel.handling.effect import Done
from toban.local.dev.following import EditedProfiles, EditedSettings, Teller, following
from toban.local.dev.link_key import with_link_key
from toban.local.dev.starting import welcome
from toban.local.dev.watched import WatchedProfiles
from toban.local.runtime import Runtime, serve
from toban.local.world import open_world
from toban.ports import Unavailable
from toban.profile.store import ProfileChange, apply, current
from toban.sections.load import load_directory
from toban.severities.section import SEVERITIES
from toban.topology.reader import load

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SHOP = """\
service: {id: shop, name: Shop, timezone: Asia/Tokyo, default: true}
severities:
  - {label: P1, level: 1, words: [critical], respond_within: 15m, via: [mail]}
channels:
  mail: {type: email, sender: noreply@example.jp, fallback: console}
  console: {type: console}
people:
  aoki: {name: Aoki, email: aoki@example.jp}
oncall: {members: [aoki], first_shift: 2025-01-06}
escalation:
  - {severities: [P1], steps: [{after: 0m, notify: ["oncall:primary"]}]}
"""
STOCK = SHOP.replace("id: shop, name: Shop", "id: stock, name: Stock").replace(
    ", default: true", ", match: [{labels: {app: stock}}]"
)


class Desk:
    """Files, a store, and one look after the other."""

    def __init__(self, directory, lang="en", secrets=None):
        self.directory = directory
        directory.mkdir(exist_ok=True)
        self.write("shop", SHOP)
        self.store = MemoryStore()
        self.full = False
        watched = WatchedProfiles(directory)
        began = self.take_up(load_directory(directory).values())
        teller = Teller(lang, MemorySecrets(secrets or {}))
        self.edited = EditedProfiles(watched, self.take_up, began, (), teller)

    def take_up(self, profiles: Collection):
        if self.full:
            raise Unavailable("disk full")
        return apply(self.store, profiles, NOW)

    def write(self, name, text):
        (self.directory / f"{name}.yaml").write_text(text, encoding="utf-8")

    def look(self, capsys):
        """What is said at the two looks that it takes."""
        capsys.readouterr()
        self.edited.look()
        self.edited.look()
        return capsys.readouterr().err

    def respond_within(self, service="shop"):
        profile = current(Documents(self.store, NOW))[service].profile
        return profile[SEVERITIES][0].respond_within


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "services")


def test_an_edit_is_taken_up_and_told_field_by_field(desk, capsys):
    assert desk.look(capsys) == ""
    desk.write("shop", SHOP.replace("15m", "10m"))
    said = desk.look(capsys)
    assert desk.respond_within() == 600
    assert re.match(r"toban dev: profile shop taken up \(\w{12}\); open incidents keep", said)
    assert "  severities[0].respond_within: 15m → 10m\n" in said
    assert desk.look(capsys) == "", "once"


def test_what_is_being_written_is_left_until_it_rests(desk, capsys):
    desk.write("shop", SHOP.replace("15m", "10m"))
    desk.edited.look()
    desk.write("shop", SHOP.replace("15m", "100m"))
    desk.edited.look()
    assert (desk.respond_within(), capsys.readouterr().err) == (900, "")
    desk.edited.look()
    assert desk.respond_within() == 6000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SHOP.replace("level: 1", "lvel: 1"), "shop.yaml:3:17: error: severities[0].lvel"),
        (SHOP.replace("oncall:primary", "person:nobody"), "shop.yaml:11:53: error: escalation[0]"),
        ("service: [", "shop.yaml:1:"),
    ],
    ids=["key", "name", "yaml"],
)
def test_an_error_is_told_with_its_place_and_the_last_good_one_stays(desk, capsys, text, told):
    desk.write("stock", STOCK)
    desk.write("shop", text)
    said = desk.look(capsys)
    assert "profiles not taken up (1 error)" in said or "profiles not taken up (2 errors)" in said
    assert told in said
    assert desk.respond_within() == 900
    assert set(current(Documents(desk.store, NOW))) == {"shop"}, "all or nothing"
    assert desk.look(capsys) == "", "told once"

    desk.write("shop", SHOP.replace("15m", "10m"))
    said = desk.look(capsys)
    assert desk.respond_within() == 600
    assert "profile stock taken up" in said
    assert "as they were" not in said


def test_that_an_error_is_gone_is_told_even_if_nothing_is_new(desk, capsys):
    desk.write("shop", "service: [")
    desk.look(capsys)
    desk.write("shop", SHOP)
    assert "the profiles are as they were taken up before" in desk.look(capsys)
    desk.write("shop", SHOP + "\n")
    assert desk.look(capsys) == ""


def test_errors_that_it_began_with_are_told(desk, capsys):
    desk.edited.begin()
    assert capsys.readouterr().err == ""
    desk.write("shop", SHOP.replace("oncall:primary", "person:nobody"))
    desk.edited.begin()
    said = capsys.readouterr().err
    assert "the profiles were taken up with errors (1)" in said
    assert "there is no person 'nobody'" in said


def test_the_same_error_is_told_once_however_often_the_file_is_saved(desk, capsys):
    desk.write("shop", "service: [")
    assert "not taken up" in desk.look(capsys)
    os.utime(desk.directory / "shop.yaml", ns=(1, 1))
    assert desk.look(capsys) == ""


def test_a_file_that_is_gone_is_told_and_ends_nothing(desk, capsys):
    desk.write("stock", STOCK)
    desk.look(capsys)
    (desk.directory / "stock.yaml").unlink()
    said = desk.look(capsys)
    assert "the file of stock is gone; the service stays in force" in said
    assert "toban services retire stock" in said
    assert set(current(Documents(desk.store, NOW))) == {"shop", "stock"}
    desk.write("shop", SHOP.replace("15m", "10m"))
    assert "stock" not in desk.look(capsys), "once"


def test_when_all_are_gone_nothing_is_taken_up(desk, capsys):
    (desk.directory / "shop.yaml").unlink()
    assert "no profiles (*.yaml)" in desk.look(capsys)
    desk.directory.rmdir()
    desk.look(capsys)
    desk.directory.mkdir()
    desk.write("shop", SHOP.replace("15m", "10m"))
    assert "taken up" in desk.look(capsys)


def test_an_edit_of_a_team_file_is_one_of_its_profiles(tmp_path, capsys):
    teams = tmp_path / "teams"
    teams.mkdir()
    (teams / "all.yaml").write_text("people: {baba: {name: Baba, email: b@example.jp}}\n")
    desk = Desk(tmp_path / "services")
    desk.write("shop", SHOP.replace("people:", "team: all\npeople:"))
    assert "people.baba" in desk.look(capsys)
    (teams / "all.yaml").write_text("people: {baba: {name: Bobo, email: b@example.jp}}\n")
    assert 'people.baba.name: "Baba" → "Bobo"' in desk.look(capsys)


def test_secrets_that_an_edit_names_and_nobody_has_set_are_told_once(tmp_path, capsys):
    desk = Desk(tmp_path / "services", secrets={"KNOWN": ["x"]})

    def webhook(name):
        kind = f"{{type: webhook, url_secret: {name}, fallback: console}}"
        return SHOP.replace("channels:", f"channels:\n  hook: {kind}").replace(
            "[mail]", "[hook, mail]"
        )

    desk.write("shop", webhook("KNOWN"))
    assert "without a value" not in desk.look(capsys)
    desk.write("shop", webhook("OTHER"))
    assert "1 secret without a value: TOBAN_SECRET_OTHER." in desk.look(capsys)
    desk.write("shop", webhook("OTHER").replace("15m", "10m"))
    assert "without a value" not in desk.look(capsys)


def test_a_store_that_cannot_is_asked_again(desk, capsys):
    desk.full = True
    desk.write("shop", SHOP.replace("15m", "10m"))
    desk.look(capsys)
    assert desk.respond_within() == 900
    desk.full = False
    assert "taken up" in desk.look(capsys)
    assert desk.respond_within() == 600


def test_many_fields_are_not_all_told(desk, capsys):
    more = "".join(f"  p{n}: {{name: P{n}, email: p{n}@example.jp}}\n" for n in range(9))
    desk.write("shop", SHOP.replace("people:\n", f"people:\n{more}"))
    said = desk.look(capsys)
    assert said.count(": (nothing) → ") == 12
    assert re.search(r"  … and \d+ fields more", said)


@pytest.mark.parametrize("quiet", [True, False])
def test_it_is_said_in_the_language_asked_for_and_quietly_in_the_log(tmp_path, capsys, quiet):
    desk = Desk(tmp_path / "services", "ja")
    desk.edited._teller._quiet = quiet
    desk.write("shop", "service: [")
    capsys.readouterr()
    desk.edited.look()
    desk.edited.look()
    said = capsys.readouterr()
    assert ("プロファイルを反映できません" in said.err) is not quiet
    assert '"message":"profiles have errors"' in said.out
    assert "shop.yaml:1" in said.out


def test_a_look_that_breaks_does_not_end_the_looking(monkeypatch):
    seen = []

    class Breaks:
        def begin(self):
            seen.append("begin")
            raise ValueError("a defect")

        def look(self):
            seen.append("look")
            raise ValueError("a defect")

    monkeypatch.setattr("toban.local.dev.following.LOOK_S", 0.001)
    with following(Breaks()):
        while len(seen) < 3:
            time.sleep(0.001)
    assert seen[:3] == ["begin", "look", "look"]
    count = len(seen)
    time.sleep(0.005)
    assert len(seen) == count, "it has ended"


# --- in a runtime ----------------------------------------------------------------------------


def test_what_is_taken_up_is_decided_by_at_once_and_its_links_lead_here(tmp_path, monkeypatch):
    """Nothing is configured: the key is the data directory's, the address the runtime's own."""
    sent = []
    monkeypatch.setattr(ChannelSenders, "send", lambda _, outgoing: sent.append(outgoing) or Done())
    monkeypatch.delenv("TOBAN_PUBLIC_URL", raising=False)
    monkeypatch.setenv("TOBAN_SECRET_INGEST_GENERIC", "x")
    monkeypatch.delenv("TOBAN_SECRET_LINK_SIGNING", raising=False)
    services, data = tmp_path / "services", tmp_path / "data"
    services.mkdir()
    (services / "shop.yaml").write_text(SHOP, encoding="utf-8")
    with open_world(data, environ=with_link_key(data, os.environ)) as world:
        runtime = Runtime(world)
        runtime.start(load_directory(services))
        assert set(current(world.platform.documents())) == {"shop"}
        (services / "stock.yaml").write_text(STOCK, encoding="utf-8")
        with runtime:
            runtime.take_up(load_directory(services).values())
            assert set(current(world.platform.documents())) == {"shop", "stock"}
            sample = ["send", "generic", "--service", "stock", "--set", "severity=critical"]
            assert main([*sample, "--data", str(data)]) == 0
            assert runtime.settle(30)
            (mail,) = sent
            links = set(
                re.findall(rf"{runtime.url}(/ingest_action/a\?c=[\w.~-]+&s=[\w.~-]+)", repr(mail))
            )
            assert links
            connection = HTTPConnection("127.0.0.1", runtime.port, timeout=30)
            connection.request("GET", links.pop())
            assert connection.getresponse().status == 200
            connection.close()


def test_the_next_turn_reads_schedules_anew(tmp_path):
    with open_world(tmp_path / "data", environ={}) as world:
        runtime = Runtime(world)
        clockwork = runtime._clockwork
        clockwork.turn()
        read = clockwork._read_at
        clockwork.turn()
        assert clockwork._read_at is read
        services = tmp_path / "services"
        services.mkdir()
        (services / "shop.yaml").write_text(SHOP, encoding="utf-8")
        runtime.take_up(load_directory(services).values())
        clockwork.turn()
        assert clockwork._read_at is not read


# --- how it starts ---------------------------------------------------------------------------


def test_it_does_not_start_with_profiles_that_cannot_be_read_and_says_so(tmp_path, capsys):
    (tmp_path / "shop.yaml").write_text("service:\n  id: shop\n  nmae: Shop\n", encoding="utf-8")
    for language, words in (("en", "cannot be loaded"), ("ja", "プロファイルを読み込めません")):
        assert serve(tmp_path / "data", tmp_path, 0, language=language) == 2
        said = capsys.readouterr().err
        assert words in said
        assert "shop.yaml:3:3: error" in said
        assert ("もしかして: name" in said) is (language == "ja")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["shop 0a (new)", "secrets not set: TOBAN_SECRET_X", "lead to http://h:1", "ready: http://h:1/healthz"]),
        ("ja", ["shop 0a（新規）", "値のないシークレット: TOBAN_SECRET_X", "リンク先: http://h:1", "準備完了: http://h:1/healthz"]),
    ],
)  # fmt: skip
def test_what_it_says_as_it_starts(tmp_path, monkeypatch, language, told):
    monkeypatch.delenv("TOBAN_PUBLIC_URL", raising=False)
    changes = [ProfileChange("shop", "new", "0a"), ProfileChange("old", "no-file", "0b")]
    said = welcome(load(), "http://h:1", tmp_path, changes, ["X"], language=language)
    assert [words for words in [*told, "toban services retire"] if words not in said] == []
    monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://ops.example.jp")
    assert "https://ops.example.jp" in welcome(load(), "http://h:1", tmp_path, changes, ["X"])


# --- the key of links ------------------------------------------------------------------------

SIGNING = "TOBAN_SECRET_LINK_SIGNING"


def test_a_key_for_links_is_made_once_for_this_user_alone_and_kept(tmp_path):
    data = tmp_path / "new" / "data"
    first = with_link_key(data, {"A": "1"})
    assert first["A"] == "1"
    assert len(first[SIGNING]) >= 40
    assert stat.S_IMODE((data / "link.key").stat().st_mode) == 0o600
    assert [p.name for p in data.iterdir()] == ["link.key"]
    assert with_link_key(data, {})[SIGNING] == first[SIGNING]
    assert with_link_key(tmp_path / "other", {})[SIGNING] != first[SIGNING]


@pytest.mark.parametrize("name", [SIGNING, f"{SIGNING}_PREVIOUS"])
def test_a_key_that_is_configured_is_the_one(tmp_path, name):
    assert with_link_key(tmp_path, {name: "mine"}) == {name: "mine"}
    assert list(tmp_path.iterdir()) == []


def test_a_blank_one_is_none(tmp_path):
    assert with_link_key(tmp_path, {SIGNING: " "})[SIGNING].strip()


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "start it again"), ("ja", "起動し直してください")]
)
def test_an_edit_of_the_settings_is_told_once_with_what_to_do(tmp_path, capsys, lang, words):
    path = tmp_path / ".toban.env"
    path.write_text("TOBAN_SMTP_PORT=25\n")
    edited = EditedSettings(path, Teller(lang, MemorySecrets()))
    edited.begin()
    path.touch()
    edited.look()
    assert not capsys.readouterr().err
    for change in (lambda: path.write_text("TOBAN_SMTP_PORT=26\n"), path.unlink):
        change()
        edited.look()
        edited.look()
        (told,) = capsys.readouterr().err.splitlines()
        assert str(path) in told
        assert words in told


def test_an_editors_own_files_are_not_looked_at(tmp_path):
    watched = WatchedProfiles(tmp_path)
    (tmp_path / ".#shop.yaml").symlink_to("aoki@laptop.123:456")
    (tmp_path / ".shop.yaml").write_text(SHOP)
    assert [watched.changed(), watched.changed()] == [False, False]
    (tmp_path / "shop.yaml").write_text(SHOP)
    assert [watched.changed(), watched.changed()] == [False, True]
