"""Defects of who is called, and who is told, once somebody has taken an incident (see `taken`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.events import NotificationRequested
from toban.kernel.work import Work
from toban.notify import deliver, page
from toban.notify.documents import Notification


def what_waited_goes_out() -> AbstractContextManager[Any]:
    """A page that waited calls people for what somebody has by then."""
    return mock.patch.object(deliver, "is_overtaken", return_value=False)


def nobody_hears_who_took_it() -> AbstractContextManager[Any]:
    """Only channels are told of an acknowledgement."""
    return mock.patch.object(page, "_tell_people", return_value=None)


def what_is_under_way_counts_as_unsent() -> AbstractContextManager[Any]:
    """An acknowledgement does not wait for the outcome of a call under way."""

    def any_sent(request: NotificationRequested, work: Work) -> bool:
        sent = False
        for name in request.follows:
            found = work.get(Notification, name)
            if found is not None and found.maybe_sent and not found.followed_by:
                found.followed_by = request.notification_id
                work.put(found)
                sent = True
        return sent

    return mock.patch.object(deliver, "_any_sent", any_sent)


TAKEN_MUTANTS = (
    Mutant("what waited goes out", "called for what is taken", what_waited_goes_out, seed=1),
    Mutant("nobody hears who", "called and left in the dark", nobody_hears_who_took_it, seed=1),
)
