"""open_incident: attaches an alert to its open incident, or opens one."""

from toban.entry import subscriber
from toban.incidents.opening.triage import HANDLERS

main = subscriber("open_incident", HANDLERS)
