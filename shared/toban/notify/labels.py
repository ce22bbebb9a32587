"""Which labels a message shows: those that tell one instance from another come first."""

from __future__ import annotations

from collections.abc import Collection, Mapping

FIRST = (
    *("instance", "instance_name", "pod", "pod_name", "container", "container_name"),
    *("node", "node_name", "host", "hostname", "server", "device", "disk", "mountpoint", "volume"),
    *(
        "persistentvolumeclaim",
        "database",
        "database_id",
        "datname",
        "table",
        "bucket",
        "bucket_name",
    ),
    *(
        "queue",
        "topic",
        "topic_id",
        "subscription",
        "subscription_id",
        "endpoint",
        "path",
        "method",
    ),
    *("status_code", "response_code", "code", "zone", "region", "location", "cluster"),
    *("cluster_name", "namespace", "namespace_name", "deployment", "statefulset", "daemonset"),
    *(
        "workload",
        "service_name",
        "revision_name",
        "function_name",
        "job",
        "job_name",
        "instance_id",
    ),
)
"""The closer to one machine or thing, the earlier."""
_LAST = frozenset(
    {"source", "project", "project_id", "resource_type", "metric_type", "prometheus", "receiver"}
)
"""What is the same in nearly every alert of a service."""
_SAID = frozenset(
    {"service", "severity", "alertname", "rule", "environment", "policy", "condition"}
)
"""What a message says elsewhere."""
_PREFIXES = ("sender_", "resource_", "metric_", "policy_", "display_", "metadata_", "exported_")


def telling(labels: Mapping[str, str], said: Collection[str]) -> list[tuple[str, str]]:
    """
    Return the labels worth showing, the most telling first.

    Those whose value is in `said` (the title, the service, the severity, a rule) are left out.
    """
    elsewhere = {text.casefold() for text in said if text}
    shown = [
        (name, value)
        for name, value in labels.items()
        if _plain(name) not in _SAID and value.casefold() not in elsewhere
    ]
    return sorted(shown, key=lambda pair: (_rank(pair[0]), pair))


def _plain(name: str) -> str:
    prefix = next((p for p in _PREFIXES if name.startswith(p) and name not in FIRST), "")
    plain = name.removeprefix(prefix)
    return name if name in _LAST else plain


def _rank(name: str) -> int:
    plain = _plain(name)
    if plain in FIRST:
        return FIRST.index(plain)
    return len(FIRST) + (plain in _LAST)
