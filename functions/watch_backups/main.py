"""watch_backups: Turns backup trouble into alerts of the service."""

from toban.backups.watching.watch import HANDLERS
from toban.entry import subscriber

main = subscriber("watch_backups", HANDLERS)
