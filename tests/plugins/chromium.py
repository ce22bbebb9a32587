"""
A real browser for tests: Chromium without a window, spoken to over a pipe by its DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/), as a phone.

One that cannot start skips its tests with the reason, or fails them when ``chromium`` is in
``TOBAN_REQUIRE``.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.plugins.servers import ServerNotAvailable

PATIENCE_S = 30.0
_HIGH = 10
"""File descriptors from here on are not among those that the browser speaks over (3 and 4)."""


class Browser:
    """A running one; messages are JSON, each ended by a NUL."""

    def __init__(self, asks: int, answers: int) -> None:
        self._asks, self._answers = asks, answers
        self._numbers = itertools.count(1)
        self._read = b""
        self.events: list[dict[str, Any]] = []
        """What happened since somebody last waited for something."""

    def ask(self, method: str, session: str = "", **params: Any) -> Any:
        """What it answers to a command; what it refuses is an `AssertionError`."""
        message: dict[str, Any] = {"id": next(self._numbers), "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._asks, json.dumps(message).encode() + b"\0")
        while True:
            said = self.hear()
            if said.get("id") == message["id"]:
                assert "error" not in said, f"{method}: {said['error']}"
                return said["result"]
            self.events.append(said)

    def hear(self) -> dict[str, Any]:
        """The next that it says; raises `TimeoutError`."""
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], deadline - time.monotonic())
            if not ready:
                raise TimeoutError("the browser says nothing")
            piece = os.read(self._answers, 1 << 16)
            if not piece:
                raise ConnectionError("the browser has ended")
            self._read += piece
        said, _, self._read = self._read.partition(b"\0")
        return dict(json.loads(said))


@dataclass
class Phone:
    """A page as a phone shows it."""

    browser: Browser
    session: str
    width: int
    height: int
    context: str = ""
    target: str = ""
    said: list[str] = field(default_factory=list)

    def ask(self, method: str, **params: Any) -> Any:
        """See `Browser.ask`."""
        return self.browser.ask(method, self.session, **params)

    def looks(self, scheme: Literal["light", "dark"]) -> None:
        """Which colours its owner prefers."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str) -> None:
        """Follow a link, and return when the page is there."""
        self.browser.events.clear()
        self.ask("Page.navigate", url=url)
        self.wait_for_page()

    def wait_for_page(self) -> None:
        """Return when the page that is on its way, or comes next, is there."""
        while not any(
            e.get("method") == "Page.loadEventFired" and e.get("sessionId") == self.session
            for e in self.browser.events
        ):
            self.browser.events.append(self.browser.hear())
        self.browser.events.clear()

    def tap(self, x: float, y: float) -> None:
        """One finger, once; what it leads to is there afterwards."""
        self.browser.events.clear()
        points = [{"x": x, "y": y}]
        self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=points)
        self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.wait_for_page()

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, target: Path) -> None:
        """What is to be seen without scrolling."""
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        target.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """The page is gone, and all that it stored."""
        self.browser.ask("Target.disposeBrowserContext", browserContextId=self.context)


@contextlib.contextmanager
def start_chromium() -> Iterator[Browser]:
    """A browser with a profile of its own; raises `ServerNotAvailable`."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise ServerNotAvailable("chromium is not installed here")
    ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, _HIGH) for pair in (os.pipe(), os.pipe()) for fd in pair]
    heard, asks, answers, said = ends
    with tempfile.TemporaryDirectory(prefix="toban-chromium-", ignore_cleanup_errors=True) as at:
        process = subprocess.Popen(
            [
                *("bash", "-c", f'exec 3<&{heard} 4>&{said}; exec "$@"', "bash", program),
                *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", "--disable-extensions"),
                *("--disable-dev-shm-usage", f"--user-data-dir={at}", "--remote-debugging-pipe"),
            ],
            pass_fds=(heard, said),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(heard)
        os.close(said)
        try:
            browser = Browser(asks, answers)
            try:
                browser.ask("Browser.getVersion")
            except (OSError, TimeoutError) as error:
                raise ServerNotAvailable(f"chromium: {error}") from error
            yield browser
        finally:
            os.close(asks)
            os.close(answers)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@contextlib.contextmanager
def phone(browser: Browser, width: int = 390, height: int = 844) -> Iterator[Phone]:
    """A page of its own, with nothing stored: so wide and high in CSS pixels."""
    context = browser.ask("Target.createBrowserContext")["browserContextId"]
    target = browser.ask("Target.createTarget", url="about:blank", browserContextId=context)
    target = target["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    page = Phone(browser, session, width, height, context, target)
    page.ask("Page.enable")
    page.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=1, mobile=True,
    )  # fmt: skip
    page.ask("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        yield page
    finally:
        page.close()
