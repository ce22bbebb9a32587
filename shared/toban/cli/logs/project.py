"""How Cloud Logging is asked for the same lines."""

from __future__ import annotations

import json
from collections.abc import Iterable

from toban.cli.logs.lines import LineFilter
from toban.topology.reader import load

_MOST_IDS = 100
"""A filter has at most 20,000 characters."""


def expression(meant: LineFilter) -> str:
    """Return a filter in Logging's query language: every function's lines that `meant` describes."""
    names = "|".join(name.replace("_", "[-_]") for name in load().functions)
    parts = [
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name=~"^({names})$"',
    ]
    if meant.function:
        parts.append(f"jsonPayload.function={json.dumps(meant.function)}")
    if meant.level:
        parts.append(f"severity>={meant.level}")
    if meant.since:
        parts.append(f'timestamp>="{meant.since}"')
    if meant.ids is not None:
        parts.append(_any(map(json.dumps, sorted(meant.ids)[:_MOST_IDS])))
    if meant.service:
        own = json.dumps(meant.service)
        backups = json.dumps(f"{meant.service}.")
        ids = map(json.dumps, sorted(meant.of_service)[:_MOST_IDS])
        parts.append(_any([f"jsonPayload.service={own}", f"jsonPayload.backup:{backups}", *ids]))
    return " AND ".join(parts)


def command(filter_: str, project: str, *, follow: bool, most: int) -> list[str]:
    """Return the words of the `gcloud` command that reads these lines."""
    if follow:
        return ["gcloud", "beta", "logging", "tail", filter_, f"--project={project}"]
    words = ["gcloud", "logging", "read", filter_, f"--project={project}"]
    return [*words, f"--limit={most}", "--freshness=30d", "--format=json"]


def _any(terms: Iterable[str]) -> str:
    return f"({' OR '.join(terms)})"
