"""restore_backup: Loads a backup into a target, checks and times it."""

from toban.backups.work.restore import Restoring
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.sources.depot import depot


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Restoring(depot(platform, secrets)).handlers()


main = subscriber("restore_backup", handlers)
