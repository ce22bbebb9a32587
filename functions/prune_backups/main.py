"""prune_backups: Removes what retention does not keep, the manifest first."""

from toban.adapters.sources.depot import depot
from toban.backups.prune import Pruning
from toban.entry import subscriber
from toban.kernel.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Pruning(depot(platform, secrets)).handlers()


main = subscriber("prune_backups", handlers)
