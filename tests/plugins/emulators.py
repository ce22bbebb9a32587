"""
Emulators for tests: started once for the whole run on first use, stopped at its end.

With several workers the process that started them starts the emulators too, when the first worker
asks (`Lender`), and outlives them all. Whoever uses one takes a project of its own.

``pubsub_emulator``, ``firestore_emulator`` and ``gcs_emulator`` give ``host:port``. An emulator
that cannot start skips its tests with the reason, or fails them when its name is in the comma
list ``TOBAN_REQUIRE`` (as in CI). The last lines of a run say which ran and which did not.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import uuid
from multiprocessing.connection import Client, Listener
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
    """What was started for this run, here or by the process that lends it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._log_dir: Path | None = None
        self.lender = ""
        """Where to ask for an emulator instead of starting one."""
        self.addresses: dict[str, str] = {}
        self.refused: dict[str, str] = {}

    def address(self, name: str) -> str:
        """``host:port``; raises `EmulatorNotAvailable`, at once after the first time."""
        if name in self.refused:
            raise emulators.EmulatorNotAvailable(self.refused[name])
        if name not in self.addresses:
            try:
                self.addresses[name] = self._borrow(name) if self.lender else self._start(name)
            except emulators.EmulatorNotAvailable as error:
                self.refused[name] = str(error)
                raise
        return self.addresses[name]

    def _start(self, name: str) -> str:
        if self._log_dir is None:
            self._log_dir = Path(tempfile.mkdtemp(prefix="toban-emulators-"))
        return self._stack.enter_context(STARTERS[name](self._log_dir))

    def _borrow(self, name: str) -> str:
        with Client(self.lender) as asking:
            asking.send(name)
            address, refused = asking.recv()
        if refused:
            raise emulators.EmulatorNotAvailable(refused)
        return str(address)

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


class Lender:
    """
    Starts emulators for the workers of a run, one after the other.

    In one thread from beginning to end: an emulator ends with the thread that started it.
    """

    def __init__(self, lent: Emulators) -> None:
        self._lent = lent
        self._listener = Listener()
        self._thread = threading.Thread(target=self._lend, name="lender", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What a worker has to know."""
        return str(self._listener.address)

    def stop(self) -> None:
        """Stop lending, and all that was lent."""
        with contextlib.suppress(OSError), Client(self.address) as asking:
            asking.send("")
        self._thread.join()
        self._listener.close()

    def _lend(self) -> None:
        while True:
            try:
                with self._listener.accept() as asking:
                    name = asking.recv()
                    if not name:
                        break
                    asking.send(self._answer(name))
            except (EOFError, OSError):
                continue  # a worker that died while it asked
        self._lent.stop()

    def _answer(self, name: str) -> tuple[str, str]:
        try:
            return self._lent.address(name), ""
        except emulators.EmulatorNotAvailable as error:
            return "", str(error)


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


_WORLDS = {"firestore", "pubsub", "gcs", "gcs2", "emulators", "emulated"}
"""Names of parameters that mean: this test runs on an emulator."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs an emulator."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        callspec = getattr(item, "callspec", None)
        worlds = {v for v in callspec.params.values() if isinstance(v, str)} if callspec else set()
        if fixtures & {f"{name}_emulator" for name in STARTERS} or worlds & _WORLDS:
            item.add_marker(pytest.mark.emulator)


_LENT = "emulators"
_lenders: list[Lender] = []


def pytest_configure(config: pytest.Config) -> None:
    """A worker asks the process that started it."""
    RUNNING.lender = getattr(config, "workerinput", {}).get(_LENT, "")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker where to ask."""
    if not _lenders:
        _lenders.append(Lender(RUNNING))
    node.workerinput[_LENT] = _lenders[0].address


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
    for lender in _lenders:
        lender.stop()
    RUNNING.stop()
