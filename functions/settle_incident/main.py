"""settle_incident: brings an incident's state in line with its alerts."""

from toban.entry import subscriber
from toban.incidents.settle import HANDLERS

main = subscriber("settle_incident", HANDLERS)
