"""
Bodies to send: alerts in the real senders' shapes, with values of our own.

Times are made when they are sent; the ids derive from a nonce, which is one for each service and
title, so that ``--set status=resolved`` ends what the same command without it began.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def cloud_monitoring(
    nonce: str, at: datetime, *, state: str = "open", started: datetime | None = None
) -> dict[str, Any]:
    """Return a Cloud Monitoring notification (schema 1.2) about a Cloud Run service's errors."""
    incident = f"0.{nonce[:12]}"
    return {
        "incident": {
            "incident_id": incident,
            "scoping_project_id": "tokyo-ai-chat-mvp",
            "scoping_project_number": 102938475610,
            "url": f"https://console.cloud.google.com/monitoring/alerting/alerts/{incident}"
            "?project=tokyo-ai-chat-mvp",
            "started_at": int((started or at).timestamp()),
            "ended_at": int(at.timestamp()) if state == "closed" else None,
            "state": state,
            "summary": "The ratio of 5xx responses of tokyo-ai-chat-service is above the "
            "threshold of 0.050 with a value of 0.183.",
            "resource": {
                "type": "cloud_run_revision",
                "labels": {
                    "project_id": "tokyo-ai-chat-mvp",
                    "service_name": "tokyo-ai-chat-service",
                    "revision_name": "tokyo-ai-chat-service-00042-xiv",
                    "location": "asia-northeast1",
                },
            },
            "resource_type_display_name": "Cloud Run Revision",
            "resource_id": "",
            "resource_display_name": "tokyo-ai-chat-service",
            "resource_name": "tokyo-ai-chat-mvp Cloud Run Revision labels "
            "{project_id=tokyo-ai-chat-mvp, service_name=tokyo-ai-chat-service}",
            "metric": {
                "type": "run.googleapis.com/request_count",
                "displayName": "Request Count",
                "labels": {"response_code_class": "5xx"},
            },
            "metadata": {"system_labels": {}, "user_labels": {}},
            "policy_name": "tokyo-ai-chat: error rate",
            "policy_user_labels": {"severity": "critical"},
            "condition_name": "5xx ratio above 5 % for 5 minutes",
            "condition": {
                "name": "projects/tokyo-ai-chat-mvp/alertPolicies/11/conditions/12",
                "displayName": "5xx ratio above 5 % for 5 minutes",
                "conditionThreshold": {
                    "filter": 'resource.type = "cloud_run_revision" AND '
                    'metric.type = "run.googleapis.com/request_count"',
                    "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}],
                    "comparison": "COMPARISON_GT",
                    "thresholdValue": 0.05,
                    "duration": "300s",
                    "trigger": {"count": 1},
                },
            },
            "documentation": {
                "content": "Look at the newest revision first; roll back if it is younger "
                "than the errors.",
                "mime_type": "text/markdown",
                "subject": "[ALERT - Critical] tokyo-ai-chat: error rate",
                "links": [
                    {"displayName": "Runbook", "url": "https://runbooks.example.jp/error-rate"}
                ],
            },
            "severity": "Critical",
            "threshold_value": "0.05",
            "observed_value": "0.183",
        },
        "version": "1.2",
    }


def alertmanager(
    nonce: str, at: datetime, *, status: str = "firing", started: datetime | None = None
) -> dict[str, Any]:
    """Return an Alertmanager notification (version 4) of two alerts of one group."""
    shared = {
        "alertname": "SlowAnswers",
        "service": "tokyo-ai-chat",
        "severity": "warning",
        "cluster": "asia-northeast1",
    }
    notes = {
        "summary": "p95 of answers above 3 s",
        "description": "Speech answers take longer than the target.",
        "runbook_url": "https://runbooks.example.jp/slow-answers",
    }
    began = started or at - timedelta(seconds=30)
    alerts = [
        {
            "status": status,
            "labels": {**shared, "instance": instance},
            "annotations": {**notes, "summary": f"{notes['summary']} ({instance})"},
            "startsAt": _rfc3339(began + timedelta(milliseconds=1500 * number)),
            "endsAt": _rfc3339(at) if status == "resolved" else "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.jp:9090/graph?g0.expr=answer_seconds",
            "fingerprint": f"{nonce[:12].encode().hex()[:14]}{number:02x}",
        }
        for number, instance in enumerate(("chat-1:8080", "chat-2:8080"))
    ]
    return {
        "version": "4",
        "receiver": "toban",
        "status": status,
        "alerts": alerts,
        "groupLabels": {"alertname": "SlowAnswers"},
        "commonLabels": shared,
        "commonAnnotations": {"runbook_url": notes["runbook_url"]},
        "externalURL": "http://alertmanager.example.jp:9093",
        "groupKey": '{}:{alertname="SlowAnswers"}',
        "truncatedAlerts": 0,
    }


def generic(nonce: str, at: datetime) -> dict[str, Any]:
    """Return an alert in our own format."""
    return {
        "rule": "certificate-expiry",
        "title": "The certificate of chat.example.jp ends in 6 days",
        "summary": "Renewal has failed twice.",
        "severity": "warning",
        "status": "firing",
        "fingerprint": f"certificate-{nonce[:12]}",
        "labels": {"service": "tokyo-ai-chat", "host": "chat.example.jp"},
        "starts_at": _rfc3339(at),
        "links": [{"title": "Runbook", "url": "https://runbooks.example.jp/certificates"}],
    }


def of_the_end(kind: str, body: Any, made: Any, at: datetime) -> None:
    """
    Change the `body` of an alert that is over to what can be known of it: its end, which is `at`.

    When it began, whoever sends a sample does not know; `made` is the sample before anything of it
    was set, and a start that was set stays.
    """
    match kind:
        case "generic":
            if body.get("status") == "resolved" and body.get("starts_at") == made["starts_at"]:
                body.pop("starts_at", None)
        case "cloud-monitoring":
            incident, before = body.get("incident"), made["incident"]
            if isinstance(incident, dict) and incident.get("state") == "closed":
                if incident.get("started_at") == before["started_at"]:
                    incident["started_at"] = None
                incident["ended_at"] = incident.get("ended_at") or int(at.timestamp())
        case "alertmanager":
            for alert, before in zip(body.get("alerts") or (), made["alerts"], strict=False):
                if isinstance(alert, dict) and alert.get("status") == "resolved":
                    if alert.get("startsAt") == before["startsAt"]:
                        alert.pop("startsAt")
                    if alert.get("endsAt") == before["endsAt"]:
                        alert["endsAt"] = _rfc3339(at)


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
