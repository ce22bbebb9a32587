"""run_backup_step: Reads a source into sealed parts, the manifest last."""

from toban.adapters.sources.depot import depot
from toban.backups.take import Taking
from toban.entry import subscriber
from toban.kernel.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Taking(depot(platform, secrets)).handlers()


main = subscriber("run_backup_step", handlers)
