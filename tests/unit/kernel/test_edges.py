"""An HTTP function in the cloud is held to the map like any other."""

from __future__ import annotations

import pytest

from toban.entry import Config, google_edge
from toban.events import MinutePassed
from toban.kernel.errors import NotOnTheMap
from toban.kernel.event import Event


def test_what_the_map_does_not_show_is_refused_before_anything_is_sent():
    edge = google_edge("ingest_alert", Config(project="p", emits="alert-fired,alert-resolved"))
    event = Event(id="1", source="/s", time=edge.clock.now(), body=MinutePassed())

    with pytest.raises(NotOnTheMap, match="ingest_alert emits to minute-passed"):
        edge.publish([event])


def test_without_a_list_of_topics_nothing_is_checked():
    assert Config(project="p").allowed is None
