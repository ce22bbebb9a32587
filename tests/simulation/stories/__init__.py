"""
Small stories, a file for each: an event comes to one function and leaves documents behind.

A function that is met by none of the long stories (`tests/simulation/story.py`, `backup_story.py`)
has its story here; `test_small_stories` tells it with every death there is.
"""

from __future__ import annotations

import importlib
import pkgutil
from datetime import datetime

from tests.simulation.platform import Simulated
from tests.simulation.story import Step, Story
from toban.kernel.event import Body, Event, to_message
from toban.ports import Delivered, Message
from toban.testing import sample


def happens(event: type[Body], to: str, leaves: str) -> Story:
    """The sample of an event comes to a function, twice; `leaves` is the collection it writes."""

    def publish(_now: datetime, _incidents: object) -> list[Message]:
        body = sample(event)
        sent = Event(id=f"{to}-1", source="/story", time=_NOON, subject=body.subject(), body=body)
        return [to_message(sent)]

    class Alone(Simulated):
        """The other functions are not there."""

        def handle(self, delivered: Delivered) -> None:
            if self.bus.subscriptions[delivered.subscription].function == to:
                super().handle(delivered)

    steps = (Step("it happens", 60, publish), Step("it comes again", 60, publish))
    return Story(steps, Alone, (leaves,), functions=frozenset({to}))


_NOON = datetime.fromisoformat("2026-11-02T03:00:00+00:00")


def found() -> dict[str, Story]:
    """Every ``STORY`` of this folder, by the name of its file."""
    return {
        module.name: importlib.import_module(f"{__name__}.{module.name}").STORY
        for module in pkgutil.iter_modules(__path__)
    }
