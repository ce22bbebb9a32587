"""
Cloud Monitoring notifications, schema 1.2 and its ``test``
(https://cloud.google.com/monitoring/support/notification-options), sent by the webhook channel
or pushed from the Pub/Sub channel.

Open and closed are two messages about one Cloud Monitoring incident, in any order and sometimes
twice. The fingerprint is ``incident_id`` and no hash of labels: two incidents of one condition
can be open at once with identical labels (a condition that keeps no labels when it aggregates,
or a new incident before the old one has closed), and closing one must not resolve the other.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from toban.alerts.report import Labels, RawAlert, Status
from toban.kernel import strictjson
from toban.kernel.edge import fields as read

SOURCE = "cloud-monitoring"

_STATES: dict[str, Status] = {"open": "firing", "closed": "resolved"}


def unwrap(body: Any) -> Any:
    """
    Return the notification inside a Pub/Sub push, wrapped (``{"message": {"data": …}}``) or as
    a structured CloudEvent (``{"data": {"message": …}}``); anything else as it is.

    Raises `InvalidField` when the data is not base64 of strict JSON.
    """
    if not isinstance(body, dict) or "incident" in body:
        return body
    path = ""
    if isinstance(body.get("data"), dict) and "message" in body["data"]:
        body, path = body["data"], "data"
    if "message" not in body:
        return body
    message = read.as_object(body["message"], read.join(path, "message"))
    place = read.join(read.join(path, "message"), "data")
    data = message.get("data")
    if not isinstance(data, str):
        raise read.misfit(place, "a string of base64", data)
    try:
        return strictjson.loads(base64.b64decode(data.encode(), validate=True))
    except binascii.Error as error:
        raise read.InvalidField(f"{place}: expected base64") from error
    except strictjson.NotStrictJson as error:
        raise read.InvalidField(f"{place}: {error}") from error


def reports(body: Any, service: str) -> list[RawAlert]:
    """Return the one report in a notification. Raises `InvalidField`."""
    top = read.as_object(unwrap(body), "")
    path = "incident"
    incident = read.as_object(top.get(path), path)
    state = _STATES.get(read.text(incident, "state", path).lower())
    if state is None:
        raise read.InvalidField("incident.state: expected open or closed")
    test = read.text(top, "version", "") == "test"
    policy = read.text(incident, "policy_name", path)
    condition = read.text(incident, "condition_name", path) or read.text(
        read.member(incident, "condition", path), "displayName", "incident.condition"
    )
    summary = read.text(incident, "summary", path)
    ends_at = read.epoch(incident, "ended_at", path) if state == "resolved" else None
    content, links = _documentation(incident, path)
    return [
        RawAlert(
            source=SOURCE,
            status=state,
            fingerprint=read.required_text(incident, "incident_id", path),
            rule=condition or policy or "Cloud Monitoring",
            title=_title(
                policy, condition, read.text(incident, "resource_display_name", path), test
            ),
            summary="\n\n".join(part for part in (summary, content) if part.strip()),
            severity=_severity(incident, path),
            labels=_labels(incident, service, policy, condition, test=test),
            starts_at=read.epoch(incident, "started_at", path),
            ends_at=ends_at,
            value=read.text(incident, "observed_value", path),
            threshold=read.text(incident, "threshold_value", path),
            links=(("Cloud Monitoring", read.text(incident, "url", path)), *links),
        )
    ]


def _title(policy: str, condition: str, resource: str, test: bool) -> str:
    parts = [policy] if condition in policy else [policy, condition]
    title = ": ".join(part for part in parts if part) or "Cloud Monitoring"
    if resource and resource not in title:
        title = f"{title} ({resource})"
    return f"[test] {title}" if test else title


def _severity(incident: dict[str, Any], path: str) -> str:
    """
    The policy's user label ``severity`` (the team's own word), else the policy's severity;
    ``no severity`` is none.
    """
    own = read.text(
        read.member(incident, "policy_user_labels", path), "severity", "incident.policy_user_labels"
    )
    word = own.strip() or read.text(incident, "severity", path).strip()
    return "" if word.lower().replace("_", " ") in {"no severity", "severity unspecified"} else word


def _labels(
    incident: dict[str, Any], service: str, policy: str, condition: str, *, test: bool
) -> dict[str, str]:
    """Ours first, then of the resource, the metric and the policy, the rest after them."""
    resource = read.member(incident, "resource", path := "incident")
    metric = read.member(incident, "metric", path)
    own = dict(read.texts(incident, "policy_user_labels", path))
    labels = Labels()
    labels.add("source", SOURCE)
    # What the policy's author calls the service counts, whatever a resource calls so.
    labels.add("service", service or own.get("service", ""))
    labels.add("project", read.text(incident, "scoping_project_id", path))
    labels.add("policy", policy)
    labels.add("condition", condition)
    labels.add("resource_type", read.text(resource, "type", "incident.resource"))
    labels.add("metric_type", read.text(metric, "type", "incident.metric"))
    if test:
        labels.add("test", "true")
    for name, value in read.texts(resource, "labels", "incident.resource"):
        labels.add(name, value, "resource_")
    for name, value in read.texts(metric, "labels", "incident.metric"):
        labels.add(name, value, "metric_")
    for name, value in own.items():
        labels.add(name, value, "policy_")
    labels.add("resource_name", read.text(incident, "resource_name", path), "display_")
    metadata = read.member(incident, "metadata", path)
    for name, value in read.texts(metadata, "user_labels", "incident.metadata"):
        labels.add(name, value, "metadata_")
    return labels.kept


def _documentation(incident: dict[str, Any], path: str) -> tuple[str, list[tuple[str, str]]]:
    """Content and links; the documentation is an object, or (in tests) plain text."""
    value = incident.get("documentation")
    if value is None or isinstance(value, str):
        return value or "", []
    place = f"{path}.documentation"
    documentation = read.as_object(value, place)
    links = []
    for index, item in enumerate(read.as_list(documentation.get("links") or [], f"{place}.links")):
        here = f"{place}.links[{index}]"
        link = read.as_object(item, here)
        links.append((read.text(link, "displayName", here), read.text(link, "url", here)))
    return read.text(documentation, "content", place), links
