"""act_on_incident: carries out what a person asked for."""

from toban.entry import subscriber
from toban.incidents.act import HANDLERS

main = subscriber("act_on_incident", HANDLERS)
