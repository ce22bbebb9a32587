"""replicate_backup: Copies a backup to its other destinations, the manifest last."""

from toban.backups.work.replicate import Replicating
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.sources.depot import depot


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Replicating(depot(platform, secrets)).handlers()


main = subscriber("replicate_backup", handlers)
