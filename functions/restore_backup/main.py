"""restore_backup: Loads a backup into a target, checks and times it."""

from toban.backups.restoring.restore import HANDLERS
from toban.entry import subscriber

main = subscriber("restore_backup", HANDLERS)
