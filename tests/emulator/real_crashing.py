"""
A deployed function that dies on purpose, to be loaded by functions-framework.

It is the real ``main.py`` with hooks around its store, bus, blobs and senders. The event being
handled belongs to a case by its correlation id: ``crash-07-…`` dies, once for each function and
event type, at the seventh point it passes when it first handles such an event; ``crash-00-…``
never. ``broken-07-…`` does the same in a platform that has a defect.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from toban import entry
from toban.channels import senders
from toban.kernel.binding import BoundHandlers, Ports
from toban.kernel.handling import decision
from toban.kernel.handling.effect import Effect
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Delivered, Message, Secrets

DIRECTORY = "CRASHING_DIRECTORY"
REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = f"""
import sys
from pathlib import Path

sys.path.insert(0, {str(REPOSITORY)!r})
from tests.emulator.real_crashing import deployed

main = deployed(Path(__file__).parent.name)
"""
"""The ``main.py`` of a function that dies."""

LEASE = timedelta(seconds=3)
"""Instead of 30 s: whoever takes over after a crash in a call waits for its end."""
TICK = "tick"
TICKS = 8
"""Points of a run of `tick` to die at: those of one timer, and the beginning of a second."""
_CASE = re.compile(r"(?:crash|broken)-\d+")


def case_of(attributes: Mapping[str, str]) -> str:
    """The case an event belongs to; empty when it is none."""
    for name in ("ce-correlationid", "ce-id"):
        found = _CASE.match(attributes.get(name, ""))
        if found:
            return found[0]
    return ""


class Hooks:
    """
    Counts the points of the handling that is under way.

    A process handles one delivery at a time here, so that a crash hits the one that it is meant
    for; others only wait (and lose an attempt).
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._alone = threading.Lock()
        self._case = ""
        self._name = ""
        self._count = 0
        self._first = False
        """Whether this is the event a function of the case has to die at."""
        self._dies_at = 0

    @contextmanager
    def handling(self, function: str, delivered: Delivered) -> Iterator[None]:
        """One delivery to a function."""
        attributes = delivered.message.attributes
        kind = attributes.get("ce-type", "").removeprefix("toban.").removesuffix(".v1")
        if case := case_of(attributes):
            self._note(
                "arrived", [case, function, attributes.get("ce-id", ""), delivered.message_id]
            )
        with self._alone:
            self._name = f"{function} {kind}"
            self._case = TICK if function == TICK else case_of(attributes)
            self._count = 0
            self._first = False
            self._dies_at = self._chosen(attributes.get("ce-id", ""))
            with _defect() if self._case.startswith("broken") else nullcontext():
                yield
            if self._case not in {"", TICK}:
                self._note("handled", [self._case, function, attributes.get("ce-id", "")])
            self._case = ""

    def _chosen(self, event_id: str) -> int:
        if self._case == TICK:
            # Nobody knows which run finds a timer due: each point is died at as soon as reached.
            armed = (self._directory / TICK).exists()
            return len(list(self._directory.glob("died.tick.*"))) % TICKS + 1 if armed else 0
        if not self._case:
            return 0
        first = self._directory / f"first.{self._case}.{self._name}"
        self._make(first, event_id)
        self._first = first.read_text() == event_id
        if not self._first or (self._directory / self._died()).exists():
            return 0
        return int(self._case.rpartition("-")[2])

    def _died(self) -> str:
        number = f".{self._count:02}" if self._case == TICK else ""
        return f"died.{self._case}.{self._name}{number}"

    def point(self, name: str) -> None:
        """Before or after an I/O."""
        if not self._case:
            return
        self._count += 1
        if self._first:
            self._note("passed", [self._case, self._name, self._count, name])
        if self._count == self._dies_at and self._make(self._directory / self._died(), name):
            os._exit(70)

    def published(self, messages: list[Message]) -> None:
        """Remember what was published."""
        for message in messages:
            case = case_of(message.attributes)
            if case:
                id = message.attributes["ce-id"]
                self._note("published", [case, id, message.topic, message.data.decode()])

    @staticmethod
    def _make(path: Path, text: str) -> bool:
        try:
            with path.open("x") as file:
                file.write(text)
        except FileExistsError:
            return False
        return True

    def _note(self, name: str, line: list[Any]) -> None:
        # One short write to a file opened for appending is never torn between processes.
        with (self._directory / name).open("a") as file:
            file.write(json.dumps(line) + "\n")


class Hooked:
    """Anything, with a point before and after some of its methods."""

    def __init__(
        self,
        inner: Any,
        point: Callable[[str], None],
        methods: str,
        done: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self._inner, self._point, self._methods, self._done = inner, point, methods.split(), done

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in self._methods:
            return method

        def call(*arguments: Any) -> Any:
            self._point(f"{name} before")
            result = method(*arguments)
            self._done(*arguments[:1])
            self._point(f"{name} after")
            return result

        return call


class CrashingGoogle:
    """What a deployed function knows of Google, with hooks."""

    def __init__(self, inner: Any, hooks: Hooks) -> None:
        self._inner, self._hooks = inner, hooks
        self._platform: Platform | None = None

    def platform(self) -> Platform:
        if self._platform is None:
            real, point = self._inner.platform(), self._hooks.point
            self._platform = replace(
                real,
                store=Hooked(real.store, point, "get commit query"),
                bus=Hooked(real.bus, point, "publish", self._hooks.published),
                blobs=Hooked(real.blobs, point, "create"),
                dead_letters=Hooked(real.dead_letters, point, "pull remove"),
            )
        return self._platform

    def secrets(self) -> Secrets:
        secrets: Secrets = self._inner.secrets()
        return secrets


def _defect() -> Any:
    """A redelivery that finds the receipt publishes nothing."""
    return mock.patch.object(decision, "replay", return_value=decision.Handled("duplicate"))


def deployed(function: str) -> Any:
    """The ``main`` of a function, with hooks where the environment asks for them."""
    path = REPOSITORY / "functions" / function / "main.py"
    spec = importlib.util.spec_from_file_location(f"real_{function}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if os.environ.get(DIRECTORY) and function in entry.SUBSCRIBERS:
        _install(function, Hooks(Path(os.environ[DIRECTORY])))
    return module.main


def _install(function: str, hooks: Hooks) -> None:
    entry._google = CrashingGoogle(entry._google, hooks)  # type: ignore[assignment]
    handle = entry.handle

    def hooked(name: str, table: Handlers, delivered: Delivered, platform: Platform) -> Any:
        with hooks.handling(name, delivered):
            platform.cache.clear()  # every handling passes the points of a new instance
            return handle(name, table, delivered, platform)

    entry.handle = hooked
    if function == "deliver_notification":
        made = senders.ChannelSenders
        senders.ChannelSenders = lambda *arguments: Hooked(made(*arguments), hooks.point, "send")  # type: ignore[assignment,misc]
    subscriber = entry.SUBSCRIBERS[function]

    if isinstance(subscriber.handlers, BoundHandlers):
        wanted = subscriber.handlers

        def quicker(ports: Ports) -> Handlers:
            handlers = wanted.make(ports)
            for body, handler in handlers.items():
                if isinstance(handler, Effect):
                    handlers[body] = replace(handler, lease=LEASE)
            return handlers

        wrapped = BoundHandlers(wanted.ports, quicker)
        entry.SUBSCRIBERS[function] = replace(subscriber, handlers=wrapped)
