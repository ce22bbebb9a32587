"""run_backup_step: Reads a source into sealed parts, the manifest last."""

from toban.backups.work.take import Taking
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.sources.depot import depot


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Taking(depot(platform, secrets)).handlers()


main = subscriber("run_backup_step", handlers)
