"""What a stored document or a waiting event does not say: whoever wrote it knew nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from toban.kernel.document import CLASSES
from toban.kernel.environment import PRODUCTION
from toban.kernel.event import registered
from toban.local.world import load_functions
from toban.topology import load

SAID_BEFORE = {
    # Before there were environments, everything was this one's.
    "environment": PRODUCTION,
    "AlertFired.dated": True,
    "AlertResolved.dated": True,
    "Incident.status": "open",
    "Notification.attempts": 1,
    "Notification.fence": 1,
    "Notification.state": "claimed",
    "NotificationRequested.contacts": 1,
    "NotificationRequested.language": "ja",
    "PageTest.status": "sent",
    "Restore.status": "running",
}
"""The fields that are something else than nothing where they are not said."""


def structs(type_: Any, found: dict[str, type[msgspec.Struct]]) -> None:
    """The structs of a type, however deep."""
    for inner in get_args(type_):
        structs(inner, found)
    if (
        isinstance(type_, type)
        and issubclass(type_, msgspec.Struct)
        and type_ not in found.values()
    ):
        found[f"{type_.__module__}.{type_.__qualname__}"] = type_
        for field in msgspec.structs.fields(type_):
            structs(field.type, found)


def defaults() -> Iterator[tuple[str, str, object]]:
    load_functions(load())
    found: dict[str, type[msgspec.Struct]] = {}
    for cls in (*CLASSES.values(), *registered().values()):
        if cls.__module__.startswith("toban."):
            structs(cls, found)
    for cls in found.values():
        for field in msgspec.structs.fields(cls):
            if field.default_factory is not msgspec.NODEFAULT:
                yield cls.__name__, field.name, field.default_factory()
            elif field.default is not msgspec.NODEFAULT:
                yield cls.__name__, field.name, field.default


def test_what_is_not_said_is_nothing_or_what_it_always_was():
    told = {
        f"{owner}.{name}": value
        for owner, name, value in defaults()
        if value and value is not msgspec.UNSET and SAID_BEFORE.get(name) != value
    }
    assert told == {name: value for name, value in SAID_BEFORE.items() if "." in name}


def test_an_environment_that_is_not_said_is_production_wherever_it_stands():
    assert {value for _, field, value in defaults() if field == "environment"} == {PRODUCTION}


def test_every_collection_is_called_as_the_map_says():
    topology = load()
    load_functions(topology)
    written = {name for function in topology.functions.values() for name in function.writes}
    ours = {name for name, cls in CLASSES.items() if cls.__module__.startswith("toban.")}
    assert written <= ours
    by_hand = ours - written  # by `toban apply` and the runtime of this machine
    assert {"profiles"} <= by_hand <= {"profiles", "schedules"}
