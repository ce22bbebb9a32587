"""Outside of the checkout nobody else's profiles answer, and people on duty are those in force."""

from __future__ import annotations

import shutil
from argparse import Namespace
from pathlib import Path

import pytest

from tests.unit.cli.conftest import PROFILE, Desk
from toban.cli import main
from toban.cli.demo import stage
from toban.local.world import ROOT


@pytest.mark.parametrize(
    "command", ["oncall", "check", "plan", "apply", "schedules", "explain", "dev --port 0"]
)
def test_where_no_profiles_are_a_command_says_so_and_shows_no_strangers(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--lang", "en"]) in (1, 2)
    said = capsys.readouterr()
    assert "infra/services: error: no such directory" in said.out + said.err
    assert "tokyo-ai-chat" not in said.out + said.err
    assert not (tmp_path / ".toban" / "toban.db").exists()


def test_the_demo_alone_has_the_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    asked = Namespace(services=Path("infra/services"), services_named=False)
    assert stage.profiles_of(asked) == ROOT / "infra" / "services"
    assert stage.profiles_of(Namespace(services=tmp_path, services_named=True)) == tmp_path


def test_on_duty_are_those_whom_the_applied_profiles_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An edited file calls nobody before it is applied."""
    assert desk.run("apply", "--yes").code == 0
    services = tmp_path / "elsewhere" / "infra" / "services"
    services.mkdir(parents=True)
    edited = PROFILE.replace("name: Hanako", "name: Jiro").replace("name: Taro", "name: Jiro")
    (services / "shop.yaml").write_text(edited, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")

    def names(*more: str) -> set[str]:
        desk.capture.readouterr()
        assert main(["oncall", "--data", str(desk.data), "--lang", "en", *more]) == 0
        said = desk.capture.readouterr().out
        return {name for name in ("Hanako", "Taro", "Jiro") if name in said}

    assert names() == {"Hanako", "Taro"}
    assert names("--services", str(services)) == {"Jiro"}
    shutil.rmtree(desk.data)
    assert names() == {"Jiro"}
