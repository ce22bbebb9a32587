"""draft_postmortem: writes the draft of the postmortem with the true timeline."""

from toban.entry import subscriber
from toban.postmortems.draft import HANDLERS

main = subscriber("draft_postmortem", HANDLERS)
