"""prune_backups: Removes what retention does not keep, the manifest first."""

from toban.backups.work.prune import Pruning
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.sources.depot import depot


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Pruning(depot(platform, secrets)).handlers()


main = subscriber("prune_backups", handlers)
