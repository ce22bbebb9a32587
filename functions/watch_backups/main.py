"""watch_backups: Turns backup trouble into alerts of the service."""

from toban.backups.work.watch import HANDLERS
from toban.entry import subscriber

main = subscriber("watch_backups", HANDLERS)
