"""redrive_dead_letters: tries again what a function gave up on, a few times, then parks it."""

from toban.entry import subscriber
from toban.events import RedriveDue
from toban.kernel.handling.handle import Handlers, Routine
from toban.kernel.handling.redrive import redrive

main = subscriber("redrive_dead_letters", Handlers().on(RedriveDue, Routine(redrive)))
