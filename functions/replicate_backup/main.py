"""replicate_backup: Copies a backup to its other destinations, the manifest last."""

from toban.backups.work.replicate import HANDLERS
from toban.entry import subscriber

main = subscriber("replicate_backup", HANDLERS)
