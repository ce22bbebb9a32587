"""verify_backup: Reads every copy back; only then it counts."""

from toban.adapters.sources.depot import depot
from toban.backups.verify import Verifying
from toban.entry import subscriber
from toban.kernel.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Verifying(depot(platform, secrets)).handlers()


main = subscriber("verify_backup", handlers)
