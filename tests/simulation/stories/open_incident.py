"""An alert opens an incident."""

from tests.simulation.stories import happens
from toban.events import AlertFired

STORY = happens(AlertFired, to="open_incident", leaves="incidents")
