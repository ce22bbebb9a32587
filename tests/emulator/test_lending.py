"""With several workers an emulator starts once for all of them, and is gone when the run ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.plugins.emulators import Emulators, Lender
from toban.local.emulated.emulators import EmulatorNotAvailable
from toban.local.world import ROOT

pytestmark = pytest.mark.emulator

BORROWING = """
import os, time
from pathlib import Path
import pytest
from tests.plugins.emulators import RUNNING

@pytest.mark.parametrize("worker", range(2))
def test_borrow(worker):
    said = Path(__file__).parent
    (said / f"{os.environ['PYTEST_XDIST_WORKER']}.address").write_text(RUNNING.address("gcs"))
    until = time.monotonic() + 60
    while len(list(said.glob("*.address"))) < 2 or (said / "stay").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
"""


def begun(directory: Path) -> subprocess.Popen[bytes]:
    (directory / "test_borrowing.py").write_text(BORROWING)
    options = ["-n", "2", "-q", "-p", "tests.plugins.emulators", "--rootdir", str(directory)]
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, "-c", os.devnull, str(directory)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def addresses(directory: Path, until: float = 60) -> list[str]:
    end = time.monotonic() + until
    while len(found := [p.read_text() for p in directory.glob("*.address")]) < 2 or "" in found:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def is_up(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_all_workers_are_lent_the_same_one_which_ends_with_the_run(tmp_path: Path) -> None:
    run = begun(tmp_path)
    said, _ = run.communicate(timeout=90)

    one, other = addresses(tmp_path)
    assert run.returncode == 0, said.decode()
    assert one == other
    assert f"Emulators that ran: gcs ({one})" in said.decode()
    assert not is_up(one)


def test_it_is_gone_too_when_the_run_is_killed(tmp_path: Path) -> None:
    (tmp_path / "stay").touch()
    run = begun(tmp_path)
    one, _ = addresses(tmp_path)
    assert is_up(one)

    run.send_signal(signal.SIGKILL)
    run.wait()
    (tmp_path / "stay").unlink()

    end = time.monotonic() + 30
    while is_up(one):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_cannot_start_is_refused_to_every_worker_with_the_reason() -> None:
    lent = Emulators()
    lent.refused["pubsub"] = "java is not on PATH"
    lender = Lender(lent)
    try:
        for _ in range(2):
            worker = Emulators()
            worker.lender = lender.address
            with pytest.raises(EmulatorNotAvailable, match="java is not on PATH"):
                worker.address("pubsub")
            assert worker.refused == lent.refused
    finally:
        lender.stop()
