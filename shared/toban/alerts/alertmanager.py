"""
Alertmanager webhooks, version 4
(https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). Grafana Alerting sends
the same fields.

A notification is about a group; every alert in it has its own status, start and end, and becomes
its own event: a group that is partly resolved yields both kinds.
"""

from __future__ import annotations

from typing import Any

from toban.alerts.report import Labels, RawAlert, Status, fingerprint_of_labels
from toban.kernel.edge import fields as read

SOURCE = "alertmanager"

_VALUES = ("value", "current_value", "observed_value", "current")
_THRESHOLDS = ("threshold", "threshold_value", "limit")
"""Annotations that rules use for what they measured, and for what they held it against."""


def reports(body: Any, service: str) -> list[RawAlert]:
    """Return one report for each alert in the notification. Raises `InvalidField`."""
    top = read.as_object(body, "")
    home = read.strict_text(top, "externalURL", "")
    return [
        _report(read.as_object(item, f"alerts[{index}]"), f"alerts[{index}]", service, home)
        for index, item in enumerate(read.as_list(top.get("alerts"), "alerts"))
    ]


def truncated(body: Any) -> int:
    """Return how many alerts of the group the sender left out (its ``max_alerts``)."""
    value = body.get("truncatedAlerts")
    return value if isinstance(value, int) else 0


def _report(alert: dict[str, Any], path: str, service: str, home: str) -> RawAlert:
    own = dict(read.texts(alert, "labels", path))
    notes = dict(read.texts(alert, "annotations", path))
    rule = own.get("alertname", "").strip() or "unnamed alert"
    status = _status(alert, path)
    ends_at = read.rfc3339(alert, "endsAt", path) if status == "resolved" else None
    labels = Labels()
    labels.add("source", SOURCE)
    labels.add("service", service)
    for name, value in own.items():
        labels.add(name, value, "sender_")
    return RawAlert(
        source=SOURCE,
        status=status,
        # Like Alertmanager itself: all labels, no annotations.
        fingerprint=read.strict_text(alert, "fingerprint", path).strip()
        or fingerprint_of_labels(own.items()),
        rule=rule,
        title=notes.get("summary") or notes.get("title") or rule,
        summary=notes.get("description") or notes.get("message") or "",
        severity=own.get("severity", ""),
        labels=labels.kept,
        starts_at=read.rfc3339(alert, "startsAt", path),
        ends_at=ends_at,
        current=True,
        value=_first(notes, _VALUES) or _measured(alert, path),
        threshold=_first(notes, _THRESHOLDS),
        links=(
            ("Runbook", notes.get("runbook_url", "")),
            ("Dashboard", notes.get("dashboard_url", "") or read.text(alert, "dashboardURL", path)),
            ("Prometheus", read.text(alert, "generatorURL", path)),
            ("Alertmanager", home),
        ),
    )


def _first(notes: dict[str, str], names: tuple[str, ...]) -> str:
    return next((notes[name] for name in names if notes.get(name)), "")


def _measured(alert: dict[str, Any], path: str) -> str:
    """Grafana's values of the rule's expressions (``A=44.2, C=1``), else its sentence about them."""
    values = alert.get("values")
    if isinstance(values, dict):  # what else it may be is for people only: no reason to refuse
        numbers = {n: v for n, v in values.items() if isinstance(v, (int, float))}
        if numbers:
            return ", ".join(f"{name}={value:.6g}" for name, value in numbers.items())
    return read.text(alert, "valueString", path)


def _status(alert: dict[str, Any], path: str) -> Status:
    value = alert.get("status")
    if value == "firing":
        return "firing"
    if value == "resolved":
        return "resolved"
    raise read.InvalidField(f"{path}.status: expected firing or resolved")
