"""The map (``events/topology.yaml``): read, checked, and turned into what follows from it."""

from toban.topology.reader import DEFAULT_PATH, MapError, load
from toban.topology.types import Function, Schedule, Subscription, Topic, Topology

__all__ = [
    "DEFAULT_PATH",
    "Function",
    "MapError",
    "Schedule",
    "Subscription",
    "Topic",
    "Topology",
    "load",
]
