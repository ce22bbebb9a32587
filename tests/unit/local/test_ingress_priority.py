"""Ingress goes first, but handlings are never held up for long."""

from __future__ import annotations

import threading
import time

import pytest

from toban.local import ingress_priority
from toban.local.ingress_priority import IngressPriority


def test_without_requests_a_handling_begins_at_once():
    assert IngressPriority().wait_for_gap(lambda word: word.upper())("page") == "PAGE"


def test_a_handling_lets_a_request_finish_first(monkeypatch):
    monkeypatch.setattr(ingress_priority, "PATIENCE_S", 60.0)
    polite = IngressPriority()
    under_way, finish = threading.Event(), threading.Event()
    order: list[str] = []

    def request() -> None:
        under_way.set()
        finish.wait(10)
        order.append("request")

    asking = threading.Thread(target=polite.count_request(request))
    asking.start()
    under_way.wait(10)
    handling = threading.Thread(target=polite.wait_for_gap(lambda: order.append("handling")))
    handling.start()
    time.sleep(0.05)
    finish.set()
    asking.join(10)
    handling.join(10)
    assert order == ["request", "handling"]


def test_a_request_that_does_not_end_holds_up_nothing_for_long():
    polite = IngressPriority()
    finish = threading.Event()
    asking = threading.Thread(target=polite.count_request(lambda: finish.wait(10)))
    asking.start()
    assert polite.wait_for_gap(lambda: "handled")() == "handled"
    assert asking.is_alive()
    finish.set()
    asking.join(10)


def test_a_request_that_fails_is_over_as_well():
    polite = IngressPriority()

    def request() -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 any will do
        polite.count_request(request)()
    assert polite.wait_for_gap(lambda: "handled")() == "handled"
