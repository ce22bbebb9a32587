"""Tables on terminals of the widths that people have."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from toban.adapters.local.sqlite.database import SqliteDatabase
from toban.adapters.local.sqlite.store import SqliteStore
from toban.cli.incidents import tables as incidents
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.tables import cut, folded
from toban.cli.kit.terminal import Terminal, width
from toban.incidents.documents import Incident


class _Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    return Terminal("en", _Tty(), {"TERM": "xterm"})


def written(terminal: Terminal) -> list[str]:
    return re.sub(r"\x1b\[[\d;]*m", "", terminal._out.getvalue()).splitlines()


def test_a_long_title_is_cut_and_the_rest_of_its_row_stays(narrow):
    narrow.table(["ID", "TITLE", "N"], [["inc-1", "とても長い件名" * 10, "3"]], flexible=1)
    _, row = written(narrow)
    assert width(row) <= 60
    assert row.startswith("inc-1  とても長い件名")
    assert row.rstrip("3 ").endswith("…")
    assert row.endswith("3")


def test_columns_that_can_be_spared_go_before_the_title_gets_too_short(narrow):
    narrow.table(
        ["ID", "STATUS", "SERVICE", "TITLE"],
        [["inc-of5bji754v", "acknowledged", "tokyo-ai-chat", "error rate above 5 % for 5 minutes"]],
        {1: {"acknowledged": "yellow"}},
        flexible=3,
        spare=(2,),
    )
    head, row = written(narrow)
    assert head.split() == ["ID", "STATUS", "TITLE"]
    assert width(row) <= 60
    assert "error rate above 5 % for" in row
    assert "\x1b[33macknowledged" in narrow._out.getvalue()


def test_what_may_be_broken_loses_nothing(narrow):
    names = "オンコールエンジニア（EST） and everybody else in New York"
    narrow.table(["SERVICE", "PRIMARY", "UNTIL"], [["promptshub", names, "2026-11-30"]], fold=(1,))
    _, *rows = written(narrow)
    assert max(map(width, rows)) <= 60
    assert rows[0].startswith("promptshub  オンコールエンジニア（EST）")
    assert rows[0].endswith("  2026-11-30")
    shown = "".join(row.removeprefix("promptshub").removesuffix("2026-11-30") for row in rows)
    assert shown.replace(" ", "") == names.replace(" ", "")


def test_where_no_columns_fit_each_row_has_lines_of_its_own(narrow, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    rows = [
        ["manga-service", "SREエンジニア", "2026-11-30 09:00 JST", ""],
        ["shop", "a name that has very many letters", "acknowledged", "x"],
    ]
    head = ["SERVICE", "主当番", "UNTIL (JST)", "NOTE"]
    narrow.table(head, rows, {2: {"acknowledged": "yellow"}})
    assert written(narrow) == [
        "SERVICE      manga-service",
        "主当番       SREエンジニア",
        "UNTIL (JST)  2026-11-30 09:00 JST",
        "",
        "SERVICE      shop",
        "主当番       a name that has very many",
        "             letters",
        "UNTIL (JST)  acknowledged",
        "NOTE         x",
    ]
    assert "\x1b[33macknowledged" in narrow._out.getvalue()


def test_a_coloured_line_is_cut_by_what_is_seen(narrow):
    line = narrow.paint("x" * 50, "red") + narrow.paint("y" * 50, "dim")
    seen = re.sub(r"\x1b\[[\d;]*m", "", narrow.clipped(line))
    assert seen == "x" * 50 + "y" * 9 + "…"
    assert narrow.clipped(line).endswith("\x1b[0m")
    assert narrow.clipped("short") == "short"


def test_nothing_is_cut_where_there_is_no_terminal():
    plain = Terminal("en", io.StringIO(), {})
    assert plain.clipped("x" * 500) == "x" * 500


def test_every_table_fits(vault, monkeypatch):
    profile = vault.desk.services / "shop.yaml"
    named = profile.read_text(encoding="utf-8").replace("Hanako", "オンコールエンジニア（EST）")
    profile.write_text(named, encoding="utf-8")
    assert vault.run("apply").code == 0
    vault.desk.alert()
    assert vault.run("incidents", "ack").code == 0
    shown: list[str] = []
    table = Terminal.table

    def on_a_terminal(self: Terminal, *args: object, **more: object) -> None:
        self.is_tty, self._out = True, io.StringIO()
        table(self, *args, **more)  # type: ignore[arg-type]
        shown.extend(written(self))

    monkeypatch.setattr(Terminal, "table", on_a_terminal)
    for columns in (40, 80):
        monkeypatch.setenv("COLUMNS", str(columns))
        for line in (
            "oncall", "topology", "backups rpo", "incidents list", "notifications list",
            "schedules", "services list", "plan", "audit", "explain --label service=shop",
        ):  # fmt: skip
            for lang in ("en", "ja"):
                shown.clear()
                vault.run(*line.split(), lang=lang)
                assert shown, line
                assert [row for row in shown if width(row) > columns] == [], (line, lang)


def test_a_name_is_cut_in_the_middle_and_a_text_at_its_end():
    shown = cut("order-api--database--hourly", 21)
    assert (width(shown), shown[:8], shown[-6:]) == (21, "order-ap", "hourly")
    assert cut("error rate above 5 percent", 15) == "error rate abo…"
    assert cut("応答が遅くなっています", 11) == "応答が遅く…"


def test_a_name_is_broken_behind_its_marks():
    assert folded("channel:slack-s2", 12) == ["channel:", "slack-s2"]
    assert folded("channel:slack-s2 and more", 16) == ["channel:slack-s2", "and more"]
    assert folded("abcdefghijklmnop", 12) == ["abcdefghijkl", "mnop"]


def test_a_paragraph_goes_on_below_where_it_began(narrow):
    narrow.paragraph(
        "  02:38  ", "opened by an alert whose title is rather long, as titles are", "red"
    )
    first, second = written(narrow)
    assert first.startswith("  02:38  opened by")
    assert second.startswith(" " * 9)
    assert second[9] != " "
    assert max(width(first), width(second)) <= 60


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_of_incidents_on_80_columns_whose_they_are_stays(desk, monkeypatch, lang):
    desk.alert(title="The ratio of 5xx answers of the speech service is above 5 percent")
    desk.run("incidents", "ack", "--as", "hanako")
    monkeypatch.setenv("COLUMNS", "80")
    terminal = Terminal(lang, _Tty(), {"TERM": "xterm"})
    with contextlib.closing(SqliteDatabase(desk.data / "toban.db")) as database:
        reader = StoreReader(SqliteStore(database))
        incidents.table(reader, reader.find(Incident), terminal)
    head, row = written(terminal)
    assert set(head.split()) >= set(terminal.titles("service", "assignee", "status", "title"))
    assert width(row) <= 80
    assert "The ratio of 5xx" in row
