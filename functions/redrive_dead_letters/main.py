"""redrive_dead_letters: tries again what a function gave up on, a few times, then parks it."""

from toban.entry import subscriber
from toban.events import RedriveDue
from toban.kernel.handle import Routine
from toban.kernel.redrive import redrive

main = subscriber("redrive_dead_letters", {RedriveDue: Routine(redrive)})
