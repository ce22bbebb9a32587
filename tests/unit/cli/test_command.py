"""`toban` itself: arguments, words, profiles, on-call, the map, sending."""

from __future__ import annotations

import io
import json
import os
import socket
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.texts import CATALOGUES
from toban.cli import main
from toban.cli.kit import catalogue as words
from toban.cli.kit.arguments import Usage, parser
from toban.cli.kit.terminal import Terminal, cut, language_of, width
from toban.local import control
from toban.texts import Catalogue


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_text_is_there_in_both_languages_with_the_same_values():
    for key, texts in words.WORDS.items():
        assert set(texts) == {"en", "ja"}, key
        assert fields(texts["en"]) == fields(texts["ja"]), key


def test_the_catalogue_has_the_same_keys_and_values_in_both_languages():
    english, japanese = CATALOGUES["en"], CATALOGUES["ja"]
    assert set(english) == set(japanese)
    for key in english:
        assert fields(english[key]) == fields(japanese[key]), key


def test_help_imports_nothing_heavy():
    probe = (
        "import sys; from toban.cli import main; main(['--help']);"
        "print([m for m in ('flask', 'msgspec', 'yaml', 'rich', 'sqlite3', 'grpc') "
        "if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "incidents" in done.stdout
    assert "None" not in done.stdout.split(), "argparse's word for a description that is not there"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["incidnts", "list"], "Did you mean incidents?"),
        (["incidents", "lst"], "Did you mean list?"),
        (["incidents", "list", "--jsn"], "Did you mean --json?"),
        (["incidents", "list", "--status", "opened"], "Did you mean open?"),
        (["incidents", "reopen"], "ID"),
        (["dev", "--port", "99999"], "99999 is no port"),
        (["send", "alertmanger"], "Did you mean alertmanager?"),
        (["send", "alert-fird"], "Did you mean alert-fired?"),
    ],
)
def test_a_misspelt_word_is_one_line_with_a_suggestion(arguments, told, capsys):
    assert main([*arguments, "--lang", "en"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_the_language_comes_from_the_option_then_from_the_locale():
    assert language_of(["--lang", "ja"], {"LANG": "en_US.UTF-8"}) == "ja"
    assert language_of(["x", "--lang=en"], {"LANG": "ja_JP.UTF-8"}) == "en"
    assert language_of([], {"LANG": "ja_JP.UTF-8"}) == "ja"
    assert language_of([], {"LC_ALL": "C", "LANG": "ja_JP.UTF-8"}) == "en"
    assert language_of([], {}) == "en"


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_and_never_with_no_color():
    assert "\033[" in Terminal("en", _Tty(), {"TERM": "xterm"}).paint("x", "red")
    assert Terminal("en", _Tty(), {"NO_COLOR": "1"}).paint("x", "red") == "x"
    assert Terminal("en", io.StringIO(), {}).paint("x", "red") == "x"


def test_columns_line_up_under_wide_characters():
    out = io.StringIO()
    Terminal("en", out, {}).table(["WHO", "N"], [["運用担当A", "1"], ["bob", "2"]])
    lines = out.getvalue().splitlines()
    assert width(lines[1].rpartition("1")[0]) == width(lines[2].rpartition("2")[0])
    assert cut("運用担当", 5) == "運用…"


def test_check_finds_errors_with_file_and_line(empty):
    path = empty.services / "shop.yaml"
    path.write_text(path.read_text().replace("timezone: Asia", "timezon: Asia"))
    said = empty.run("check")
    assert said.code == 1
    assert f"{path}:6:" in said.out
    found = empty.run("check", str(path), "--json")
    assert found.code == 1
    assert {"file", "line", "severity", "code", "message"} <= set(found.json()[0])


def test_check_of_good_profiles_ends_with_0(empty):
    assert empty.run("check").code == 0


def test_check_of_the_shipped_profiles_warns_of_what_their_designs_cannot_keep(empty):
    empty.services = Path(__file__).parents[3] / "infra" / "services"

    said = empty.run("check", lang="ja")

    assert said.code == 0
    assert (
        "「データベース障害」の RPO は10分ですが、redis のバックアップは最大1日間隔が空きます。"
        in said.out
    )
    assert {f["code"] for f in empty.run("check", "--json").json() if f["severity"] != "info"} == {
        "rpo-missed",
        "rpo-tight",
        "secret-unset",
    }


def test_plan_writes_nothing_and_apply_does_once(empty):
    assert empty.run("plan", "--json").json()[0]["change"] == "new"
    assert not empty.data.exists()
    assert empty.run("apply", "--json").json()[0]["change"] == "new"
    assert empty.run("plan", "--json").json()[0]["change"] == "unchanged"
    path = empty.services / "shop.yaml"
    path.write_text(path.read_text().replace("after: 15m", "after: 20m"))
    assert empty.run("apply", "--dry-run", "--json").json()[0]["change"] == "changed"
    assert empty.run("plan", "--json").json()[0]["change"] == "changed"


def test_apply_refuses_a_profile_with_errors(empty):
    path = empty.services / "shop.yaml"
    path.write_text(path.read_text().replace('"oncall:primary"', '"person:nobody"'))
    said = empty.run("apply")
    assert said.code == 1
    assert f"{path}:" in said.err
    assert not empty.data.exists()


def test_on_call_at_a_time_in_the_service_zone(empty):
    def at(*time: str) -> dict[str, object]:
        (duty,) = empty.run("oncall", "--service", "shop", "--json", "--at", *time).json()
        return duty

    assert at("2025-01-06T09:00")["primary"] == {"id": "hanako", "name": "Hanako"}
    assert at("2025-01-06T00:00+00:00")["primary"] == {"id": "hanako", "name": "Hanako"}
    duty = at("2025-01-13T09:00")
    assert duty["primary"] == {"id": "taro", "name": "Taro"}
    assert duty["secondary"] == {"id": "hanako", "name": "Hanako"}
    assert duty["until"] == "2025-01-20T00:00:00.000000Z"
    assert "Taro" in empty.run("oncall", "--at", "2025-01-13T09:00").out


def test_on_call_says_by_what_it_was_looked_up(empty):
    assert f"By the files of {empty.services}" in empty.run("oncall").out
    assert empty.run("apply").code == 0
    assert "By what is applied" not in empty.run("oncall").out, "its files are named here"
    empty.services = empty.services / "none"
    assert main(["oncall", "--data", str(empty.data), "--lang", "en"]) == 0
    assert f"By what is applied to {empty.data}." in empty.capture.readouterr().out


def test_on_call_refuses_what_is_no_time(empty):
    said = empty.run("oncall", "--at", "tomorrow")
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_the_map_as_table_json_and_drawing(empty):
    assert "open_incident" in empty.run("topology").out
    found = empty.run("topology", "--json").json()
    assert "alert-fired" in found["functions"]["open_incident"]["consumes"]
    assert empty.run("topology", "--mermaid").out.startswith(("flowchart", "graph", "```"))


def test_show_prints_the_body_with_values_set(empty):
    said = empty.run(
        "send",
        "alertmanager",
        "--show",
        "--set",
        "alerts.1.status=resolved",
        "--set",
        "truncatedAlerts=3",
    )
    body = said.json()
    assert [alert["status"] for alert in body["alerts"]] == ["firing", "resolved"]
    assert body["truncatedAlerts"] == 3


def test_sending_without_the_secret_names_it(empty, monkeypatch):
    monkeypatch.delenv("TOBAN_SECRET_INGEST_GENERIC", raising=False)
    said = empty.run("send", "generic")
    assert said.code == 1
    assert "TOBAN_SECRET_INGEST_GENERIC" in said.err


def test_sending_where_nobody_answers_says_so_without_the_token(empty, monkeypatch):
    monkeypatch.setenv("TOBAN_SECRET_INGEST_CLOUD_MONITORING", "very-secret")
    said = empty.run("send", "cloud-monitoring", "--url", "http://127.0.0.1:9")
    assert said.code == 1
    assert "toban dev" in said.err
    assert "very-secret" not in said.err + said.out


def test_an_event_body_that_does_not_fit_is_refused_before_it_is_published(desk):
    said = desk.alert(starts_at="yesterday")
    assert said.code == 2
    assert "starts_at" in said.err
    assert desk.incidents() == []


def test_a_closed_pipe_is_no_error(empty):
    command = f"{sys.executable} -m toban.cli topology --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout + "}") == {}
    assert done.stderr == ""


@pytest.mark.parametrize("pipe", ["| true", "| head -1"])
def test_a_pipe_closed_before_anything_was_written_is_no_error(pipe):
    command = f"(sleep 0.3; {sys.executable} -m toban.cli topology; echo $? >&2) {pipe}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == "0\n"


def test_a_locale_without_our_letters_costs_the_letters_only(empty):
    empty.run("apply")
    command = [sys.executable, "-m", "toban.cli", "oncall", "--lang", "ja"]
    command += ["--services", str(empty.services)]
    done = subprocess.run(
        command,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout


@pytest.fixture
def emulated(empty):
    """A data directory on which `toban dev --emulators` runs (somebody answers, no more)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        empty.data.mkdir(exist_ok=True)
        control.note(
            empty.data,
            control.RunningRuntime(url, "token", "toban-dev", {"firestore": "127.0.0.1:8081"}),
        )
        yield empty


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_where_emulators_keep_everything_is_said_and_nothing_is_begun_beside_them(emulated, lang):
    (emulated.data / "toban.db").unlink(missing_ok=True)
    for command in (["incidents", "list", "--json"], ["incidents", "show"], ["apply"]):
        said = emulated.run(*command, lang=lang)
        assert (said.code, said.out) == (1, "")
        assert "FIRESTORE_EMULATOR_HOST=127.0.0.1:8081" in said.err
        assert "--project toban-dev" in said.err
    said = emulated.run("send", "alert-fired", lang=lang)
    assert said.code == 1
    assert "toban send generic" in said.err
    assert not (emulated.data / "toban.db").exists()


def test_emulators_that_have_ended_are_not_pointed_at(emulated):
    control.note(emulated.data, control.RunningRuntime("http://127.0.0.1:9", "t", "toban-dev", {}))
    assert control.find_emulated(emulated.data) is None
    assert emulated.run("send", "alert-fired").code == 0


def test_what_there_is_ends_with_dots_where_it_is_more(empty):
    said = empty.run("send", "nonsense")
    assert said.code == 2
    assert said.err.rstrip().endswith(", ….")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_misspelt_topic_is_proposed(empty, lang):
    said = empty.run("new", "function", "keep_note", "--on", "alert-fird", "--dry-run", lang=lang)
    assert said.code == 2
    assert "alert-fired" in said.err
    assert "alert-resolved" not in said.err


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_word_that_is_no_time_is_told_what_is(desk, lang):
    said = desk.run("audit", "--since", "yesterday", lang=lang)
    assert said.code == 2
    assert "7d" in said.err


@pytest.mark.parametrize(("n", "said"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries")])
def test_a_counted_noun_agrees_with_its_number(n, said):
    text = Catalogue({"x": {"en": "{n:entries}", "ja": "{n} 件"}})
    assert text("en", "x", n=n) == said
    assert text("ja", "x", n=n) == f"{n} 件"


def test_check_counts_one_as_one(empty):
    assert "1 profile, no errors, " in empty.run("check").out
    path = empty.services / "shop.yaml"
    path.write_text(path.read_text().replace("timezone: Asia", "timezon: Asia"))
    assert "1 error, 0 warnings." in empty.run("check").out


def test_hints_in_japanese_follow_without_a_space():
    for key, texts in words.WORDS.items():
        if key.startswith("error."):
            assert not texts["ja"].startswith(" "), key


def test_a_path_that_cannot_be_is_told_in_one_line(capsys):
    assert main(["check", "a" * 5_000, "--lang", "en"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("toban: aaa")
    assert said.endswith("aaa: File name too long\n")
    assert len(said) < 300


@pytest.mark.parametrize(
    "words",
    [
        "restore shop database --to a=b --dry-run",
        "restore shop --dry-run database --to a=b",
        "restore --dry-run shop --to a=b database",
        "restore --to a=b shop database --dry-run",
    ],
)
def test_options_may_stand_before_between_and_behind_what_may_be_left_out(words):
    given = parser("en").parse_args(words.split())
    assert (given.service, given.source, given.to, given.dry_run) == (
        "shop", "database", ["a=b"], True,
    )  # fmt: skip
    with pytest.raises(Usage, match="unrecognized arguments: surplus"):
        parser("en").parse_args([*words.split(), "surplus"])
