"""Decides who is told of an incident, and by which channel."""

from toban.entry import subscriber
from toban.notify.page import HANDLERS

main = subscriber("page_responders", HANDLERS)
