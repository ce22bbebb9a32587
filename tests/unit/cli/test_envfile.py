"""The env file beside a data directory: what it may say, who reads it, and what wins."""

from __future__ import annotations

import os
import re

import pytest

from tests.unit.cli.conftest import PROFILE
from toban.cli.kit import envfile
from toban.cli.kit.places import settings
from toban.cli.send import commands as sending
from toban.topology.place import root

ROOT = root()
SLAK = "TOBAN_SECRET_SLAK_WEBHOOK_ROOM"
NAME = "TOBAN_SECRET_INGEST_GENERIC"
VALUE = "very-secret-value"


@pytest.fixture
def env(empty, monkeypatch):
    """Write the env file of the desk's data directory."""
    monkeypatch.delenv(NAME, raising=False)

    def write(text: str, mode: int = 0o600) -> None:
        path = empty.data.parent / ".toban.env"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    return write


@pytest.fixture
def posted(monkeypatch):
    """The secrets by which `toban send` signed."""
    used: list[str] = []
    monkeypatch.setattr(
        sending, "credentials", lambda kind, secret, *_: (used.append(secret), ({}, {}))[1]
    )
    monkeypatch.setattr(sending, "post", lambda *_: (200, '{"accepted": 1, "events": []}'))
    return used


def test_send_has_its_secret_from_the_file_and_the_environment_wins(
    empty, env, posted, monkeypatch
):
    env(f"{NAME}={VALUE}\n")
    assert empty.run("send", "generic").code == 0
    assert NAME not in os.environ, "only while the command runs"
    monkeypatch.setenv(NAME, "from the environment")
    assert empty.run("send", "generic").code == 0
    assert os.environ[NAME] == "from the environment"
    assert posted == [VALUE, "from the environment"]


def test_whoever_does_not_know_the_sender_is_told_apart_from_the_own_runtime(
    empty, env, monkeypatch
):
    env(f"{NAME}={VALUE}\n")
    monkeypatch.setattr(sending, "post", lambda *_: (401, ""))
    said = empty.run("send", "generic")
    assert said.code == 1
    assert f"no `toban dev` runs on {empty.data}, and the one that answers" in said.err
    said = empty.run("send", "generic", "--url", "http://127.0.0.1:9999")
    assert (said.code, f"{NAME} is another one there" in said.err) == (1, True)
    assert VALUE not in said.err


def test_without_a_value_send_says_where_one_may_stand(empty, env):
    env("")
    said = empty.run("send", "generic")
    assert (said.code, f"neither in the environment nor in {empty.data.parent}/.toban.env" in said.err) == (1, True)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (VALUE, "write TOBAN_NAME=value"),
        (f"LD_PRELOAD={VALUE}", "LD_PRELOAD: only variables TOBAN_"),
        (f"toban_x={VALUE}", "only variables TOBAN_"),
        (f"{NAME}={VALUE} and more", "around a value with spaces"),
        (f"{NAME}='{VALUE}", "quotes have to be closed"),
        (f'{NAME}="{VALUE}" x', "quotes have to be closed"),
        (f"{NAME}={VALUE}#x", "around a value with spaces"),
        (f"{NAME}={VALUE}\x07", "around a value with spaces"),
        (f"{NAME}=\n{NAME}={VALUE}", f"{NAME} is set twice"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_line_that_cannot_be_read_is_named_and_never_shown(empty, env, line, told, lang):
    env(f"# comment\n\n{line}\n")
    said = empty.run("incidents", "list", lang=lang)
    assert said.code == 2
    assert f".toban.env:{3 + line.count(chr(10))}: " in said.err
    assert VALUE not in said.err
    assert told in said.err or lang == "ja"


def test_every_line_that_is_wrong_is_told(empty, env):
    env("a\nb\n")
    said = empty.run("incidents", "list")
    assert (".toban.env:1: " in said.err, ".toban.env:2: " in said.err) == (True, True)


def test_what_a_file_may_say():
    text = "\ufeff# x\r\nexport TOBAN_A=1\r\n  TOBAN_B = 'a b # \"c' \nTOBAN_C=\"it's\"\nTOBAN_D=\nTOBAN_E=a=b\n"  # fmt: skip
    assert envfile.parse(text) == (
        {"TOBAN_A": "1", "TOBAN_B": 'a b # "c', "TOBAN_C": "it's", "TOBAN_D": "", "TOBAN_E": "a=b"},
        [],
    )


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o666])
def test_a_file_that_others_may_read_or_change_is_not_read(empty, env, posted, mode):
    env(f"{NAME}={VALUE}\n", mode)
    said = empty.run("send", "generic")
    assert (said.code, posted) == (2, [])
    assert f"(mode {mode:04o})" in said.err
    assert "chmod 600" in said.err


def test_bytes_that_are_no_text_are_told(empty, env):
    env("")
    (empty.data.parent / ".toban.env").write_bytes(b"TOBAN_A=\xff\n")
    said = empty.run("incidents", "list")
    assert (said.code, ".toban.env: not UTF-8" in said.err) == (2, True)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_waited_for(empty, make):
    make(empty.data.parent / ".toban.env")
    said = empty.run("incidents", "list")
    assert (said.code, ".toban.env: no regular file" in said.err) == (2, True)


def test_a_project_and_init_do_without_it(empty, env, monkeypatch, tmp_path):
    env("nonsense\n")
    seen = []
    monkeypatch.setattr("toban.cli.kit.places.cloud.CloudSession", lambda *_, **__: seen.append(1))
    with pytest.raises(AttributeError):
        empty.run("incidents", "list", "--project", "p")
    assert seen == [1]
    made = empty.run("init", str(tmp_path / "x"), "--yes", "--id", "y", "--dry-run")
    assert made.code == 0, made.err


def test_a_command_that_fails_leaves_the_environment_as_it_was(empty, env):
    env(f"{NAME}={VALUE}\n")
    assert empty.run("incidents", "show", "nope").code != 0
    assert NAME not in os.environ


SLACK = """
  room2: {type: slack, webhook_secret: SLACK_WEBHOOK_X, fallback: room}
"""


@pytest.fixture
def named(empty, env, monkeypatch):
    """The desk's profile names a secret."""
    monkeypatch.delenv("TOBAN_SECRET_SLACK_WEBHOOK_X", raising=False)
    path = empty.services / "shop.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("channels:", f"channels:{SLACK.rstrip()}").replace(
        '["channel:room"]', '["channel:room2"]'
    )
    path.write_text(text, encoding="utf-8")
    return empty


def test_check_warns_of_secrets_that_are_named_and_have_no_value(named, env):
    said = named.run("check")
    assert said.code == 0
    assert (
        "shop.yaml: 1 secret without a value on this machine: TOBAN_SECRET_SLACK_WEBHOOK_X (line 12)\n"
        in said.out
    )
    # Of a check in a team's CI, where no secret is, they are no part of the verdict.
    assert "1 profile, no errors, 0 warnings." in said.out
    (found,) = [f for f in named.run("check", "--json").json() if f["code"] == "secret-unset"]
    assert (found["severity"], found["line"]) == ("warning", 12)
    assert found["path"] == "channels.room2.webhook_secret"
    assert "TOBAN_SECRET_SLACK_WEBHOOK_X has no value" in found["message"]
    for path in (named.services, named.services / "shop.yaml"):
        assert "TOBAN_SECRET_SLACK_WEBHOOK_X (line 12)" in named.run("check", str(path)).out
    env(f"TOBAN_SECRET_SLACK_WEBHOOK_X={VALUE}\n")
    assert "SLACK_WEBHOOK_X" not in named.run("check").out


def test_plan_and_apply_tell_them_as_well(named, env):
    for command in ("plan", "apply"):
        said = named.run(command)
        assert said.code == 0
        assert (
            "shop: 1 secret without a value on this machine: TOBAN_SECRET_SLACK_WEBHOOK_X"
            in said.err
        )
        (view,) = named.run(command, "--json").json()
        assert view["secrets_unset"] == ["SLACK_WEBHOOK_X"]
    env(f"TOBAN_SECRET_SLACK_WEBHOOK_X={VALUE}\n")
    assert named.run("plan").err == ""
    (view,) = named.run("plan", "--json").json()
    assert view["secrets_unset"] == []


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "line", ["TOBAN_SMTP_PORT=abc", "TOBAN_SMTP_PORT=70000", "TOBAN_SMTP_STARTTLS=perhaps"]
)
def test_a_setting_of_the_wrong_form_is_named_with_its_line_by_every_command(
    empty, env, line, lang
):
    env(f"# comment\n{line}\n")
    name, _, value = line.partition("=")
    for command in (("check",), ("dev", "--port", "0"), ("incidents", "list")):
        said = empty.run(*command, lang=lang)
        assert said.code == 2
        (told,) = said.err.strip().splitlines()
        assert f".toban.env:2: {name}" in told
        assert value not in told.replace(name, "")


def test_a_setting_of_the_wrong_form_in_the_environment_is_one_line_too(empty, monkeypatch):
    monkeypatch.setenv("TOBAN_SMTP_PORT", "abc")
    said = empty.run("dev", "--port", "0")
    assert said.code == 1
    (told,) = said.err.strip().splitlines()
    assert "TOBAN_SMTP_PORT: the value has not the form" in told


def test_what_is_set_in_vain_is_named_with_its_line_and_what_was_meant(empty, env, monkeypatch):
    monkeypatch.delenv("TOBAN_SECRET_SLACK_WEBHOOK_ROOM", raising=False)
    room = "room: {type: slack, webhook_secret: SLACK_WEBHOOK_ROOM}"
    profile = PROFILE.replace("room: {type: console}", room)
    (empty.services / "shop.yaml").write_text(profile, encoding="utf-8")
    env(
        f"TOBAN_SMPT_HOST=mail.test\nTOBAN_SMTP_USER=me\n{SLAK}=x\n"
        "TOBAN_SECRET_QUITE_ANOTHER_THING=x\nTOBAN_ZZZ=1\n"
        "TOBAN_SECRET_LINK_SIGNING=x\nTOBAN_SECRET_LINK_SIGNING_PREVIOUS=x\n"
    )
    said = empty.run("check").err.splitlines()
    assert [line.partition(".toban.env:")[2] for line in said] == [
        "1: TOBAN_SMPT_HOST is read by nothing; did you mean TOBAN_SMTP_HOST?",
        f"3: {SLAK} is read by nothing; did you mean {SLAK.replace('SLAK', 'SLACK')}?",
        "5: TOBAN_ZZZ is read by nothing",
    ]
    assert "もしかして: TOBAN_SMTP_HOST" in empty.run("check", lang="ja").err


def test_every_setting_that_is_read_is_known():
    read = {
        name
        for path in (ROOT / "shared" / "toban").rglob("*.py")
        for name in re.findall(
            r"environ\.get\(\s*\"(TOBAN_[A-Z_]+)\"", path.read_text(encoding="utf-8")
        )
    }
    assert read
    assert read <= set(settings.names())
