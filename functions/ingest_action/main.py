"""ingest_action: turns a signed one-click link into a command."""

from toban.actions.ingress import act
from toban.entry import endpoint

main = endpoint("ingest_action", act)
