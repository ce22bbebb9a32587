"""
Redriving dead letters: a message that a function gave up is tried again a few times, then parked.

A redriven message keeps its first id, so that the delivery which once committed is still known as
the one responsible for publishing (see `decision`). After `MAX_REDRIVES` it is parked; people are
told at the first redrive.
"""

from __future__ import annotations

from dataclasses import replace

from toban.kernel import log
from toban.kernel.handling.decision import MEANT_FOR, MESSAGE_ID, Handled
from toban.kernel.handling.parking import park
from toban.kernel.platform import Platform
from toban.ports import DeadLetter, Delivered, Message, Unavailable

REDRIVES = "ce-tobanredrives"
MAX_REDRIVES = 3
BATCH = 100


def redrive(function: str, platform: Platform) -> Handled:
    """
    Publish the dead letters of all subscriptions again, or park those redriven too often.

    A dead letter is removed only after it was published or parked; a crash in between does it
    twice, which receipts absorb. One that can be neither stays, and its error is raised after
    the others.
    """
    dead_letters = platform.dead_letters
    if dead_letters is None:
        raise RuntimeError(f"{function} needs the dead letters, and the platform has none")
    moved: list[str] = []
    emitted: list[tuple[str, str]] = []
    failure: Exception | None = None
    for subscription in platform.subscriptions:
        for dead_letter in dead_letters.pull(subscription, BATCH):
            try:
                emitted.extend(_redrive(function, dead_letter, platform))
                dead_letters.remove([dead_letter])
            except Unavailable:
                raise  # nothing can be published now
            except Exception as error:  # noqa: BLE001 one dead letter must not hold up the others
                log.error("dead letter not redriven", subscription=subscription, error=error)
                failure = error
            else:
                moved.append(f"redriven {subscription}/{dead_letter.message_id}")
    if failure is not None:
        raise failure
    return Handled("done" if moved else "nothing", tuple(moved), tuple(emitted))


def _redrive(
    function: str, dead_letter: DeadLetter, platform: Platform
) -> tuple[tuple[str, str], ...]:
    """Publish a dead letter again, or park it; return the events that report it."""
    times = _redrives(dead_letter)
    told: tuple[tuple[str, str], ...] = ()
    if times == 0 or times >= MAX_REDRIVES:
        # At the first redrive people learn of it; at the last it is kept for good.
        told = park(
            _consumer(dead_letter),
            _original(dead_letter),
            "given-up",
            _why(dead_letter, times),
            platform,
        ).emitted
    if times < MAX_REDRIVES:
        platform.publish(function, [_redriven(dead_letter, times + 1)])
    log.error(
        "dead letter parked for good" if times >= MAX_REDRIVES else "dead letter redriven",
        subscription=dead_letter.subscription,
        event_type=dead_letter.message.attributes.get("ce-type", ""),
        event=dead_letter.message.attributes.get("ce-id", ""),
        redrives=times,
    )
    return told


def _consumer(dead_letter: DeadLetter) -> str:
    """The function that gave it up."""
    return dead_letter.subscription.partition("--")[2]


def _redrives(dead_letter: DeadLetter) -> int:
    text = dead_letter.message.attributes.get(REDRIVES, "0")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _why(dead_letter: DeadLetter, times: int) -> str:
    if times >= MAX_REDRIVES:
        return f"{dead_letter.subscription} failed for good after {times} redrives"
    return f"{dead_letter.subscription} gave up; it is tried again up to {MAX_REDRIVES} times"


def _first_id(dead_letter: DeadLetter) -> str:
    return dead_letter.message.attributes.get(MESSAGE_ID) or dead_letter.message_id


def _own(dead_letter: DeadLetter) -> dict[str, str]:
    """The attributes the message was first published with."""
    return {
        name: value
        for name, value in dead_letter.message.attributes.items()
        if not name.startswith("CloudPubSubDeadLetterSource")
    }


def _redriven(dead_letter: DeadLetter, times: int) -> Message:
    attributes = {
        **_own(dead_letter),
        REDRIVES: str(times),
        MESSAGE_ID: _first_id(dead_letter),
        MEANT_FOR: _consumer(dead_letter),
    }
    return replace(dead_letter.message, attributes=attributes)


def _original(dead_letter: DeadLetter) -> Delivered:
    attributes = {k: v for k, v in _own(dead_letter).items() if k not in (REDRIVES, MEANT_FOR)}
    return Delivered(
        replace(dead_letter.message, attributes=attributes),
        _first_id(dead_letter),
        dead_letter.subscription,
    )
