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
from typing import Any

import pytest

from toban.local.emulated import emulators

STARTERS = {
    "pubsub": emulators.start_pubsub,
    "firestore": emulators.start_firestore,
    "gcs": emulators.start_gcs,
    "gcs2": emulators.start_gcs2,
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


@pytest.fixture(scope="session")
def gcs2_emulator() -> str:
    """The other Cloud Storage emulator's ``host:port``."""
    return RUNNING.need("gcs2")


@pytest.fixture
def project() -> str:
    """A Google Cloud project of this test's own."""
    return fresh_project()


GROUP = "emulators"
_WORLDS = {"firestore", "pubsub", "gcs", "gcs2", "emulators", "emulated"}
"""Names of parameters that mean: this test runs on an emulator."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers, one of them runs all that needs emulators: they start once."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        callspec = getattr(item, "callspec", None)
        worlds = {v for v in callspec.params.values() if isinstance(v, str)} if callspec else set()
        if fixtures & {f"{name}_emulator" for name in STARTERS} or worlds & _WORLDS:
            item.add_marker(pytest.mark.emulator)
            item.add_marker(pytest.mark.xdist_group(GROUP))


_told: list[tuple[dict[str, str], dict[str, str]]] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that prints what ran in it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[GROUP] = (RUNNING.addresses, RUNNING.refused)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker tells."""
    told = getattr(node, "workeroutput", {}).get(GROUP)
    if told:
        _told.append((told[0], told[1]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which emulators ran, and why others did not."""
    addresses: dict[str, str] = {}
    refused: dict[str, str] = {}
    for ran, did_not in [*_told, (RUNNING.addresses, RUNNING.refused)]:
        addresses.update(ran)
        refused.update(did_not)
    if not addresses and not refused:
        return
    ran_text = ", ".join(f"{name} ({address})" for name, address in addresses.items())
    terminalreporter.write_line(f"Emulators that ran: {ran_text or 'none'}")
    for name, reason in refused.items():
        terminalreporter.write_line(f"Emulator that did not run: {name}: {reason}")


def pytest_unconfigure() -> None:
    """Leave no process behind."""
    RUNNING.stop()
