"""start_backup: Begins the backup of a slot, once."""

from toban.backups.work.start import HANDLERS
from toban.entry import subscriber

main = subscriber("start_backup", HANDLERS)
