"""Where emulators are looked for, and what is said when there is none."""

from __future__ import annotations

import sys

import pytest

from toban.local.emulated import emulators


def test_all_that_was_tried_is_listed_when_there_is_no_emulator(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(emulators.EmulatorNotAvailable) as caught,
        emulators.start_pubsub(tmp_path, {}),
    ):
        pass

    for part in ("PUBSUB_EMULATOR_HOST is not set", "gcloud is not on PATH", "docker is not on"):
        assert part in str(caught.value)


def test_gcloud_without_the_emulator_says_how_to_install_it(tmp_path, monkeypatch):
    for name in ("bin/gcloud", "bin/java"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "platform").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    with (
        pytest.raises(emulators.EmulatorNotAvailable, match="gcloud components install pubsub"),
        emulators.start_pubsub(tmp_path, {}),
    ):
        pass


def test_an_address_that_is_given_must_answer(tmp_path):
    given = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{emulators.free_port()}"}

    with (
        pytest.raises(emulators.EmulatorNotAvailable, match="does not answer"),
        emulators.start_gcs(tmp_path, given),
    ):
        pass


def test_an_emulator_that_ends_at_once_shows_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    broken = emulators.Emulator(
        name="broken",
        variable="BROKEN_EMULATOR_HOST",
        command=lambda port, _: [sys.executable, "-c", "raise SystemExit('port is taken')"],
        ready=lambda address: (_ for _ in ()).throw(ConnectionError(address)),
        image="none",
        image_port=1,
        image_command="",
    )

    with (
        pytest.raises(emulators.EmulatorNotAvailable, match="port is taken"),
        emulators._start(broken, tmp_path, {}),
    ):
        pass
