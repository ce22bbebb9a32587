"""verify_backup: Reads every copy back; only then it counts."""

from toban.backups.work.verify import HANDLERS
from toban.entry import subscriber

main = subscriber("verify_backup", HANDLERS)
