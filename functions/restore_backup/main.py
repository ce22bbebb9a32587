"""restore_backup: Loads a backup into a target, checks and times it."""

from toban.adapters.sources.depot import depot
from toban.backups.restore import Restoring
from toban.entry import subscriber
from toban.kernel.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Restoring(depot(platform, secrets)).handlers()


main = subscriber("restore_backup", handlers)
