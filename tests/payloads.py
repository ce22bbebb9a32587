"""
Payloads in the shapes that real senders use; every value is our own.

The builders take what a test is about and fill in the rest. Times of Cloud Monitoring are Unix
seconds, of Alertmanager RFC 3339.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

STARTED = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)
ENDED = datetime(2026, 11, 22, 3, 12, 30, tzinfo=UTC)
_STARTED_S = int(STARTED.timestamp())


def cloud_monitoring(
    state: str = "open",
    incident_id: str = "0.n7k2mpr4xq1c",
    *,
    policy: str = "chat API latency",
    condition: str = "p95 latency above 2 s",
    severity: str | None = "Critical",
    service_name: str = "chat-api",
    started_at: Any = _STARTED_S,
    ended_at: Any = None,
    value: Any = "2.731",
    user_labels: dict[str, str] | None = None,
    **incident: Any,
) -> dict[str, Any]:
    """A notification of schema 1.2, as the webhook and the Pub/Sub channel send it."""
    if state.lower() == "closed" and ended_at is None:
        ended_at = int(ENDED.timestamp())
    fields: dict[str, Any] = {
        "condition": {
            "conditionThreshold": {
                "aggregations": [
                    {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_PERCENTILE_95"}
                ],
                "comparison": "COMPARISON_GT",
                "duration": "120s",
                "filter": 'resource.type = "cloud_run_revision" AND metric.type = '
                '"run.googleapis.com/request_latencies"',
                "thresholdValue": 2000,
                "trigger": {"count": 1},
            },
            "displayName": condition,
            "name": "projects/sample-prod/alertPolicies/4401/conditions/4402",
        },
        "condition_name": condition,
        "documentation": {
            "content": "Look at the **model gateway** first.",
            "mime_type": "text/markdown",
            "subject": "[ALERT - Critical] chat API latency",
            "links": [
                {"displayName": "Runbook", "url": "https://wiki.example.com/runbooks/chat-latency"}
            ],
        },
        "ended_at": ended_at,
        "incident_id": incident_id,
        "metadata": {"system_labels": {}, "user_labels": {"team": "chat"}},
        "metric": {
            "displayName": "Request latency",
            "labels": {"response_code_class": "2xx"},
            "type": "run.googleapis.com/request_latencies",
        },
        "observed_value": value,
        "policy_name": policy,
        "policy_user_labels": {"component": "api"} if user_labels is None else user_labels,
        "resource": {
            "labels": {
                "configuration_name": service_name,
                "location": "asia-northeast1",
                "project_id": "sample-prod",
                "revision_name": f"{service_name}-00042-kiw",
                "service_name": service_name,
            },
            "type": "cloud_run_revision",
        },
        "resource_display_name": service_name,
        "resource_id": "",
        "resource_name": f"sample-prod {service_name}",
        "resource_type_display_name": "Cloud Run Revision",
        "scoping_project_id": "sample-prod",
        "scoping_project_number": 440123456789,
        "started_at": started_at,
        "state": state,
        "summary": f"Request latency for sample-prod {service_name} is above the threshold of "
        f"2.000 with a value of {value}.",
        "threshold_value": "2",
        "url": "https://console.cloud.google.com/monitoring/alerting/alerts/"
        f"{incident_id}?channelType=webhook&project=sample-prod",
    }
    if severity is not None:
        fields["severity"] = severity
    return {"incident": {**fields, **incident}, "version": "1.2"}


def cloud_monitoring_test() -> dict[str, Any]:
    """What the button "send test notification" sends: version ``test``, hardly a real value."""
    return {
        "version": "test",
        "incident": {
            "incident_id": "90210",
            "scoping_project_id": "90210",
            "scoping_project_number": 90210,
            "url": "http://www.example.com",
            "started_at": 0,
            "ended_at": 0,
            "state": "OPEN",
            "summary": "A test incident",
            "observed_value": "1.0",
            "threshold_value": "0.5",
            "resource": {"type": "example_resource", "labels": {"example": "label"}},
            "resource_type_display_name": "Example resource",
            "resource_id": "90210",
            "resource_display_name": "Example resource",
            "resource_name": "projects/90210/example_resources/90210",
            "metric": {
                "type": "test.googleapis.com/metric",
                "displayName": "A test metric",
                "labels": {"example": "label"},
            },
            "metadata": {"system_labels": {"a": "b"}, "user_labels": {"a": "b"}},
            "policy_name": "projects/90210/alertPolicies/90210",
            "policy_user_labels": {"example": "label"},
            "documentation": "A test documentation",
            "condition": {
                "name": "projects/90210/alertPolicies/90210/conditions/90210",
                "displayName": "A test condition",
                "conditionThreshold": {
                    "filter": 'metric.type="test.googleapis.com/metric"',
                    "comparison": "COMPARISON_GT",
                    "thresholdValue": 0.5,
                    "duration": "0s",
                    "trigger": {"count": 1},
                },
            },
            "condition_name": "A test condition",
        },
    }


def uptime_failure(state: str = "open", incident_id: str = "0.u4w8zt2y6bnh") -> dict[str, Any]:
    """An uptime check that fails: another resource, no policy user labels, no documentation."""
    payload = cloud_monitoring(
        state,
        incident_id,
        policy="chat.example.com is reachable",
        condition="Failure of uptime check_id chat-example-com-k3J",
        severity=None,
        value="",
        resource={
            "type": "uptime_url",
            "labels": {"host": "chat.example.com", "project_id": "sample-prod"},
        },
        metric={
            "type": "monitoring.googleapis.com/uptime_check/check_passed",
            "displayName": "Check passed",
            "labels": {"check_id": "chat-example-com-k3J"},
        },
        resource_display_name="chat.example.com",
        threshold_value="1",
    )
    for absent in ("policy_user_labels", "documentation", "observed_value"):
        del payload["incident"][absent]
    return payload


def pubsub_push(body: Any) -> dict[str, Any]:
    """`body` as a wrapped Pub/Sub push carries it."""
    return {
        "message": {
            "attributes": {},
            "data": base64.b64encode(json.dumps(body).encode()).decode(),
            "messageId": "14400000000000001",
            "publishTime": "2026-11-22T03:00:04.120Z",
        },
        "subscription": "projects/sample-prod/subscriptions/monitoring--toban",
    }


def pubsub_cloudevent(body: Any) -> dict[str, Any]:
    """`body` inside a structured ``messagePublished`` CloudEvent."""
    return {
        "specversion": "1.0",
        "type": "google.cloud.pubsub.topic.v1.messagePublished",
        "source": "//pubsub.googleapis.com/projects/sample-prod/topics/monitoring",
        "id": "14400000000000001",
        "time": "2026-11-22T03:00:04.120Z",
        "datacontenttype": "application/json",
        "data": pubsub_push(body),
    }


def alert(
    instance: str = "web-1:9100",
    status: str = "firing",
    *,
    name: str = "HighErrorRate",
    severity: str | None = "critical",
    fingerprint: str | None = None,
    starts_at: str = "2026-11-22T03:00:00.125Z",
    ends_at: str | None = None,
    summary: str = "5% of requests fail",
    labels: dict[str, str] | None = None,
) -> dict[str, Any]:
    """One alert inside an Alertmanager notification."""
    all_labels = {"alertname": name, "cluster": "tokyo", "instance": instance, **(labels or {})}
    if severity is not None:
        all_labels["severity"] = severity
    if ends_at is None:
        ends_at = "2026-11-22T03:12:30.5Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    return {
        "status": status,
        "labels": all_labels,
        "annotations": {
            "summary": summary,
            "description": f"{instance} answers 5xx",
            "runbook_url": "https://wiki.example.com/runbooks/errors",
        },
        "startsAt": starts_at,
        "endsAt": ends_at,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=errors%3E0.05&g0.tab=1",
        "fingerprint": fingerprint if fingerprint is not None else f"{abs_hash(instance):016x}",
    }


def abs_hash(text: str) -> int:
    """A number that is the same in every run."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"."), "big")


def alertmanager(*alerts: dict[str, Any], **top: Any) -> dict[str, Any]:
    """A notification of version 4 about a group."""
    listed = list(alerts) or [alert()]
    firing = any(a.get("status") == "firing" for a in listed)
    return {
        "receiver": "toban",
        "status": "firing" if firing else "resolved",
        "alerts": listed,
        "groupLabels": {"alertname": "HighErrorRate", "cluster": "tokyo"},
        "commonLabels": {"alertname": "HighErrorRate", "cluster": "tokyo"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate", cluster="tokyo"}',
        "truncatedAlerts": 0,
        **top,
    }


def generic(status: str = "firing", **fields: Any) -> dict[str, Any]:
    """Our own format."""
    return {
        "rule": "nightly-export",
        "title": "The nightly export has not finished",
        "status": status,
        "severity": "warning",
        "labels": {"job": "export", "host": "batch-1"},
        "starts_at": "2026-11-22T12:00:00+09:00",
        **fields,
    }
