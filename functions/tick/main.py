"""tick: publishes the events whose time has come."""

from toban.entry import subscriber
from toban.events import MinutePassed
from toban.kernel.handling.handle import Handlers, Routine
from toban.kernel.handling.timers import fire_due

main = subscriber("tick", Handlers().on(MinutePassed, Routine(fire_due)))
