"""escalate_incident: takes the next escalation step, each once, until somebody answers."""

from toban.entry import subscriber
from toban.incidents.escalate import HANDLERS

main = subscriber("escalate_incident", HANDLERS)
