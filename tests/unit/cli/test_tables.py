"""Tables on terminals of the widths that people have."""

from __future__ import annotations

import io
import re

import pytest

from toban.cli.kit.terminal import Terminal, width


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
