"""
Emulators for tests: started once per process on first use, stopped at the end.

``pubsub_emulator``, ``firestore_emulator`` and ``gcs_emulator`` give ``host:port``. An emulator
that cannot start skips its tests with the reason, or fails them when its name is in the comma
list ``TOBAN_REQUIRE`` (as in CI). The last lines of a run say which ran and which did not.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from pathlib import Path

import pytest

from toban.local import emulators

STARTERS = {
    "pubsub": emulators.start_pubsub,
    "firestore": emulators.start_firestore,
    "gcs": emulators.start_gcs,
}


def required(name: str) -> bool:
    """Whether a run without this is a failed run."""
    return name in os.environ.get("TOBAN_REQUIRE", "").replace(" ", "").split(",")


def fresh_project() -> str:
    """A project id that no other test uses: what an emulator holds is never shared."""
    return f"test-{uuid.uuid4().hex[:12]}"


class Emulators:
    """What was started in this process."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._log_dir: Path | None = None
        self.addresses: dict[str, str] = {}
        self.refused: dict[str, str] = {}

    def address(self, name: str) -> str:
        """``host:port``; raises `EmulatorNotAvailable`, at once after the first time."""
        if name in self.refused:
            raise emulators.EmulatorNotAvailable(self.refused[name])
        if name not in self.addresses:
            if self._log_dir is None:
                self._log_dir = Path(tempfile.mkdtemp(prefix="toban-emulators-"))
            try:
                start = STARTERS[name](self._log_dir)
                self.addresses[name] = self._stack.enter_context(start)
            except emulators.EmulatorNotAvailable as error:
                self.refused[name] = str(error)
                raise
        return self.addresses[name]

    def need(self, name: str) -> str:
        """As `address`, but fails the test when the emulator is required and skips it if not."""
        try:
            return self.address(name)
        except emulators.EmulatorNotAvailable as error:
            if required(name):
                pytest.fail(f"{name} is in TOBAN_REQUIRE and did not start: {error}")
            pytest.skip(f"not run: {error}")

    def stop(self) -> None:
        """Stop them all."""
        self._stack.close()


RUNNING = Emulators()


@pytest.fixture(scope="session")
def pubsub_emulator() -> str:
    """The Pub/Sub emulator's ``host:port``."""
    return RUNNING.need("pubsub")


@pytest.fixture(scope="session")
def firestore_emulator() -> str:
    """The Firestore emulator's ``host:port``."""
    return RUNNING.need("firestore")


@pytest.fixture(scope="session")
def gcs_emulator() -> str:
    """The Cloud Storage emulator's ``host:port``."""
    return RUNNING.need("gcs")


@pytest.fixture
def project() -> str:
    """A Google Cloud project of this test's own."""
    return fresh_project()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which emulators ran, and why others did not."""
    if not RUNNING.addresses and not RUNNING.refused:
        return
    ran = ", ".join(f"{name} ({address})" for name, address in RUNNING.addresses.items())
    terminalreporter.write_line(f"Emulators that ran: {ran or 'none'}")
    for name, reason in RUNNING.refused.items():
        terminalreporter.write_line(f"Emulator that did not run: {name}: {reason}")


def pytest_unconfigure() -> None:
    """Leave no process behind."""
    RUNNING.stop()
