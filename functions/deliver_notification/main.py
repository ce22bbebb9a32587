"""Makes exactly one call to the outside for one notification."""

from toban.channels.config import read_config
from toban.channels.senders import ChannelSenders
from toban.entry import subscriber
from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.notify import deliver
from toban.notify.links import action_links
from toban.ports import Secrets


def handlers(platform: Platform, secrets: Secrets) -> Handlers:
    """The handlers with this function's own adapters: the channels."""
    config = read_config()
    senders = ChannelSenders(config, secrets, platform.clock)
    return deliver.handlers(senders, action_links(config.public_url, secrets))


main = subscriber("deliver_notification", handlers)
