"""
Redriving dead letters: what a function gave up on is tried again, a few times, then parked.

A redriven message keeps its first id, so that the delivery which once committed is still known
as the one answerable for publishing (see `decision`). Nothing loops: after `MAX_REDRIVES` it is
parked and people are told; they are told at the first redrive already.
"""

from __future__ import annotations

from dataclasses import replace

from toban.kernel import log
from toban.kernel.decision import MESSAGE_ID, Handled
from toban.kernel.parking import park
from toban.kernel.platform import Platform
from toban.ports import DeadLetter, Delivered, Message

REDRIVES = "ce-tobanredrives"
MAX_REDRIVES = 3
BATCH = 100


def redrive(function: str, platform: Platform) -> Handled:
    """
    Publish the dead letters of all subscriptions again, or park those redriven too often.

    A letter is removed only after it was published or parked; dying in between does it twice,
    which receipts absorb.
    """
    letters = platform.dead_letters
    if letters is None:
        raise RuntimeError(f"{function} needs the dead letters, and the platform has none")
    moved: list[str] = []
    emitted: list[tuple[str, str]] = []
    for subscription in platform.subscriptions:
        for letter in letters.pull(subscription, BATCH):
            times = _redrives(letter)
            original = _original(letter)
            if times == 0 or times >= MAX_REDRIVES:
                # At the first redrive people learn of it; at the last it is kept for good.
                handled = park(
                    subscription.partition("--")[2],
                    original,
                    "given-up",
                    _why(letter, times),
                    platform,
                )
                emitted.extend(handled.emitted)
            if times < MAX_REDRIVES:
                platform.publish(function, [_again(letter, times + 1)])
            letters.remove([letter])
            moved.append(f"redriven {subscription}/{letter.message_id}")
            log.error(
                "dead letter parked for good" if times >= MAX_REDRIVES else "dead letter redriven",
                subscription=subscription,
                event_type=letter.message.attributes.get("ce-type", ""),
                event=letter.message.attributes.get("ce-id", ""),
                redrives=times,
            )
    return Handled("done" if moved else "nothing", tuple(moved), tuple(emitted))


def _redrives(letter: DeadLetter) -> int:
    text = letter.message.attributes.get(REDRIVES, "0")
    return int(text) if text.isdecimal() else 0


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
    attributes = {**_own(letter), REDRIVES: str(times), MESSAGE_ID: _first_id(letter)}
    return replace(letter.message, attributes=attributes)


def _original(letter: DeadLetter) -> Delivered:
    attributes = {k: v for k, v in _own(letter).items() if k != REDRIVES}
    return Delivered(
        replace(letter.message, attributes=attributes), _first_id(letter), letter.subscription
    )
