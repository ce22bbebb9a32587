"""verify_backup: Reads every copy back; only then it counts."""

from toban.backups.work.verify import Verifying
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import Secrets
from toban.sources.depot import depot


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: buckets, keys and kinds of sources."""
    return Verifying(depot(platform, secrets)).handlers()


main = subscriber("verify_backup", handlers)
