"""run_backup_step: Reads a source into sealed parts, the manifest last."""

from toban.backups.work.take import HANDLERS
from toban.entry import subscriber

main = subscriber("run_backup_step", HANDLERS)
