"""A data directory and a small service to try the command line on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.vaults import BACKUP, KEY, MEDIA, Vault
from toban.cli import main

PROFILE = """\
service:
  id: shop
  name: 売店
  name_en: Shop
  language: en
  timezone: Asia/Tokyo
  default: true
severities:
  - {label: P1, level: 1, words: [critical], notify: ["channel:room"], via: [pager]}
  - {label: P3, level: 3, words: [warning], notify: ["channel:room"], via: [pager]}
channels:
  room: {type: console}
  pager: {type: console}
people:
  hanako: {name: Hanako, email: hanako@example.jp}
  taro: {name: Taro, email: taro@example.jp}
oncall:
  members: [hanako, taro]
  first_shift: 2025-01-06
  handover: {weekday: mon, at: "09:00"}
escalation:
  - severities: [P1, P3]
    steps:
      - {after: 0m, notify: ["oncall:primary"]}
      - {after: 15m, notify: ["oncall:secondary"]}
"""


@dataclass
class Said:
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """`toban` on a data directory of its own."""

    data: Path
    services: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str, lang: str = "en") -> Said:
        self.capture.readouterr()
        common = ["--data", str(self.data), "--services", str(self.services), "--lang", lang]
        code = main([*arguments, *common])
        out, err = self.capture.readouterr()
        return Said(code, out, err)

    def alert(self, **fields: object) -> Said:
        """An alert fires; the queue is worked off before this returns."""
        fired = {
            "source": "generic",
            "fingerprint": "errors-1",
            "rule": "errors",
            "title": "Too many errors",
            "summary": "5xx ratio 18 %",
            "severity": "critical",
            "labels": {"service": "shop"},
            "starts_at": "2026-11-22T03:00:00Z",
        } | fields
        body = self.data.parent / "alert.json"
        body.write_text(json.dumps(fired), encoding="utf-8")
        return self.run("send", "alert-fired", "--file", str(body))

    def alert_ends(self, fingerprint: str = "errors-1") -> Said:
        """An alert of `alert` stops firing."""
        body = self.data.parent / "resolved.json"
        resolved = {
            "source": "generic",
            "fingerprint": fingerprint,
            "rule": "errors",
            "title": "Too many errors",
            "severity": "critical",
            "labels": {"service": "shop"},
            "starts_at": "2026-11-22T03:00:00Z",
            "ends_at": "2026-11-22T03:10:00Z",
        }
        body.write_text(json.dumps(resolved), encoding="utf-8")
        return self.run("send", "alert-resolved", "--file", str(body))

    def incidents(self, *more: str) -> list[dict[str, Any]]:
        found = self.run("incidents", "list", "--json", *more).json()
        assert isinstance(found, list)
        return found

    def only(self) -> dict[str, Any]:
        (incident,) = self.incidents()
        return incident


Make = Callable[[Sequence[str]], Said]


@pytest.fixture
def empty(tmp_path, capsys, monkeypatch):
    """Nothing applied, nothing happened."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    services = tmp_path / "services"
    services.mkdir()
    (services / "shop.yaml").write_text(PROFILE, encoding="utf-8")
    return Desk(tmp_path / "data", services, capsys)


@pytest.fixture
def desk(empty):
    """The profile is applied."""
    assert empty.run("apply").code == 0
    return empty


@pytest.fixture
def vault(empty, tmp_path, monkeypatch):
    """A service with backups in two regions, applied; nothing was taken yet."""
    monkeypatch.setenv("TOBAN_SECRET_BACKUP_KEY", KEY)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").write_text("03:00 all is well\n", encoding="utf-8")
    profile = empty.services / "shop.yaml"
    profile.write_text(PROFILE + BACKUP.format(logs=logs), encoding="utf-8")
    assert empty.run("apply").code == 0
    made = Vault(empty, tmp_path)
    for name, content in MEDIA.items():
        made.buckets("shop-media").upload(name, [content])
    made.buckets("shop-staging")
    return made
