"""prune_backups: Removes what retention does not keep, the manifest first."""

from toban.backups.work.prune import HANDLERS
from toban.entry import subscriber

main = subscriber("prune_backups", HANDLERS)
