"""The map as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from __future__ import annotations

from typing import Any

import yaml

from toban import __version__
from toban.kernel.event import Body
from toban.topology.types import Topology

BINDING = "0.2.0"
"""
Of `googlepubsub`, for messages only: its channel binding requires a schema that is registered
with Pub/Sub, and ours are not.
"""


def document(topology: Topology, bodies: dict[str, type[Body]]) -> str:
    """Return the AsyncAPI document as YAML; `bodies` are the registered event types."""
    known = {name: topic for name, topic in topology.topics.items() if topic.event in bodies}
    content: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "toban",
            "version": __version__,
            "description": (
                "Every event of the platform: CloudEvents 1.0 in the Pub/Sub protocol binding, "
                "binary mode, one topic per type. Generated from events/topology.yaml."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "pubsub": {"host": "pubsub.googleapis.com", "protocol": "googlepubsub"},
        },
        "channels": {name: _channel(name, topology) for name in known},
        "operations": _operations(topology, set(known)),
        "components": {
            "messages": {name: _message(topic.event, bodies) for name, topic in known.items()},
            "messageTraits": {"cloudEvent": {"headers": _HEADERS}},
        },
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return f"# Generated from the map (make map).\n{text}"


def _channel(name: str, topology: Topology) -> dict[str, Any]:
    return {
        "address": name,
        "description": topology.topics[name].about.en,
        "servers": [{"$ref": "#/servers/pubsub"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(event_type: str, bodies: dict[str, type[Body]]) -> dict[str, Any]:
    summary = (bodies[event_type].__doc__ or "").strip().splitlines()[0]
    return {
        "name": event_type,
        "title": event_type,
        "summary": summary,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": f"schemas/{event_type}.json"},
        "bindings": {
            "googlepubsub": {"bindingVersion": BINDING, "attributes": {"ce-type": event_type}}
        },
    }


def _operations(topology: Topology, known: set[str]) -> dict[str, Any]:
    def operation(action: str, topic: str, summary: str) -> dict[str, Any]:
        return {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic}"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/{topic}/messages/{topic}"}],
        }

    operations: dict[str, Any] = {}
    for name, function in topology.functions.items():
        for topic in function.consumes:
            if topic in known:
                key = f"{name}.receive.{topic}"
                operations[key] = operation("receive", topic, function.about.en)
        emitted = set(function.emits) if function.redrives else topology.emitted_by(name)
        for topic in topology.topics:
            if topic in emitted & known:
                operations[f"{name}.send.{topic}"] = operation("send", topic, function.about.en)
    for name, schedule in topology.schedules.items():
        if schedule.emits in known:
            key = f"schedule.{name}.send.{schedule.emits}"
            summary = f"By the clock: {schedule.cron} ({schedule.zone})"
            operations[key] = operation("send", schedule.emits, summary)
    return operations


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "content-type"],
    "properties": {
        "ce-specversion": _text("CloudEvents version", const="1.0"),
        "ce-id": _text("Derived from the event's cause: the same work gives the same id"),
        "ce-type": _text("toban.<entity>.<past tense>.v<n>"),
        "ce-source": _text("/functions/<function>, or /schedules/<schedule>"),
        "ce-subject": _text("What it is about, as incidents/<id>"),
        "ce-time": _text("RFC 3339, UTC", format="date-time"),
        "ce-correlationid": _text("Id of the first event of the chain"),
        "ce-causationid": _text("Id of the event whose handling emitted this one"),
        "traceparent": _text("W3C Trace Context"),
        "content-type": _text("Media type of the body", const="application/json"),
    },
}
