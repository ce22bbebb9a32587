"""
Redriving dead letters: what a function gave up on is tried again, a few times, then parked.

A redriven message keeps its first id, so that the delivery which once committed is still known
as the one answerable for publishing (see `decision`). Nothing loops: after `MAX_REDRIVES` it is
parked and people are told; they are told at the first redrive already.
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

    A letter is removed only after it was published or parked; dying in between does it twice,
    which receipts absorb. One that can be neither stays, and raises once the others are done.
    """
    letters = platform.dead_letters
    if letters is None:
        raise RuntimeError(f"{function} needs the dead letters, and the platform has none")
    moved: list[str] = []
    emitted: list[tuple[str, str]] = []
    failure: Exception | None = None
    for subscription in platform.subscriptions:
        for letter in letters.pull(subscription, BATCH):
            try:
                emitted.extend(_redrive(function, letter, platform))
                letters.remove([letter])
            except Unavailable:
                raise  # nothing can be published now
            except Exception as error:  # noqa: BLE001 one letter must not hold up the others
                log.error("dead letter cannot be redriven", subscription=subscription, error=error)
                failure = error
            else:
                moved.append(f"redriven {subscription}/{letter.message_id}")
    if failure is not None:
        raise failure
    return Handled("done" if moved else "nothing", tuple(moved), tuple(emitted))


def _redrive(function: str, letter: DeadLetter, platform: Platform) -> tuple[tuple[str, str], ...]:
    """Publish a letter again, or park it; returns the events that tell of it."""
    times = _redrives(letter)
    told: tuple[tuple[str, str], ...] = ()
    if times == 0 or times >= MAX_REDRIVES:
        # At the first redrive people learn of it; at the last it is kept for good.
        told = park(
            _consumer(letter), _original(letter), "given-up", _why(letter, times), platform
        ).emitted
    if times < MAX_REDRIVES:
        platform.publish(function, [_again(letter, times + 1)])
    log.error(
        "dead letter parked for good" if times >= MAX_REDRIVES else "dead letter redriven",
        subscription=letter.subscription,
        event_type=letter.message.attributes.get("ce-type", ""),
        event=letter.message.attributes.get("ce-id", ""),
        redrives=times,
    )
    return told


def _consumer(letter: DeadLetter) -> str:
    """The function that gave it up."""
    return letter.subscription.partition("--")[2]


def _redrives(letter: DeadLetter) -> int:
    text = letter.message.attributes.get(REDRIVES, "0")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _why(letter: DeadLetter, times: int) -> str:
    if times >= MAX_REDRIVES:
        return f"{letter.subscription} failed for good after {times} redrives"
    return f"{letter.subscription} gave up; it is tried again up to {MAX_REDRIVES} times"


def _first_id(letter: DeadLetter) -> str:
    return letter.message.attributes.get(MESSAGE_ID) or letter.message_id


def _own(letter: DeadLetter) -> dict[str, str]:
    """The attributes the message was first published with."""
    return {
        name: value
        for name, value in letter.message.attributes.items()
        if not name.startswith("CloudPubSubDeadLetterSource")
    }


def _again(letter: DeadLetter, times: int) -> Message:
    attributes = {
        **_own(letter),
        REDRIVES: str(times),
        MESSAGE_ID: _first_id(letter),
        MEANT_FOR: _consumer(letter),
    }
    return replace(letter.message, attributes=attributes)


def _original(letter: DeadLetter) -> Delivered:
    attributes = {k: v for k, v in _own(letter).items() if k not in (REDRIVES, MEANT_FOR)}
    return Delivered(
        replace(letter.message, attributes=attributes), _first_id(letter), letter.subscription
    )
