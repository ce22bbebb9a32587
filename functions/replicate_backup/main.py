"""replicate_backup: Copies a backup to its other destinations; wraps data keys anew."""

from toban.backups.work.replicate import HANDLERS
from toban.entry import subscriber

main = subscriber("replicate_backup", HANDLERS)
