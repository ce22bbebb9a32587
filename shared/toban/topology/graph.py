"""The map as a graph of topics: who can cause whom, and which ways lead back."""

from __future__ import annotations

from toban.topology.types import Topology


def follows(topology: Topology) -> dict[str, list[str]]:
    """
    Return, for each topic, the topics that an event on it can cause next.

    A timer that is set counts as caused. Redrives do not: they repeat a delivery, they cause
    nothing new.
    """
    caused: dict[str, list[str]] = {topic: [] for topic in topology.topics}
    for function in topology.functions.values():
        for topic in function.consumes:
            if topic in caused:
                caused[topic].extend(
                    t for t in (*function.emits, *function.sets) if t not in caused[topic]
                )
    return caused


def unguarded_loops(topology: Topology) -> list[list[str]]:
    """Return loops of topics (first topic repeated at the end) of which none has `loop_ends`."""
    caused = follows(topology)
    free = [name for name, topic in topology.topics.items() if not topic.loop_ends]
    loops: list[list[str]] = []
    finished: set[str] = set()

    def visit(topic: str, path: list[str]) -> None:
        if topic in path:
            loops.append([*path[path.index(topic) :], topic])
            return
        if topic in finished:
            return
        for following in caused[topic]:
            if following in free:
                visit(following, [*path, topic])
        finished.add(topic)

    for topic in free:
        visit(topic, [])
    return loops


def looping_topics(topology: Topology) -> list[str]:
    """Return topics from which a way leads back to themselves."""
    caused = follows(topology)

    def reachable(start: str) -> set[str]:
        found: set[str] = set()
        waiting = list(caused[start])
        while waiting:
            topic = waiting.pop()
            if topic not in found:
                found.add(topic)
                waiting.extend(caused.get(topic, ()))
        return found

    return [topic for topic in topology.topics if topic in reachable(topic)]
