"""The map (``events/topology.yaml``): read, checked, and turned into what follows from it."""

from toban.topology.reader import MapError, load
from toban.topology.types import Function, Schedule, Subscription, Topic, Topology

__all__ = [
    "Function",
    "MapError",
    "Schedule",
    "Subscription",
    "Topic",
    "Topology",
    "load",
]
