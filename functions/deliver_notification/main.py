"""Makes exactly one call to the outside for one notification."""

from toban.entry import subscriber
from toban.notify.deliver import HANDLERS

main = subscriber("deliver_notification", HANDLERS)
