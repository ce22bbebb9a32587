"""Cloud Monitoring's notifications as events."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests import payloads
from tests.security.desk import NOW, Desk
from toban.events import AlertFired, AlertReport, AlertResolved

PATH = "/cloud-monitoring"


def report(body: object, **query: str) -> AlertReport:
    (event,) = Desk().events(PATH, body, query)
    assert isinstance(event.body, AlertReport)
    return event.body


def test_an_open_incident_becomes_a_firing_alert():
    fired = report(payloads.cloud_monitoring())
    assert isinstance(fired, AlertFired)
    assert fired.source == "cloud-monitoring"
    assert fired.fingerprint == "0.n7k2mpr4xq1c"
    assert fired.rule == "p95 latency above 2 s"
    assert fired.title == "chat API latency: p95 latency above 2 s (chat-api)"
    assert fired.severity == "Critical"
    assert fired.starts_at == payloads.STARTED
    assert fired.ends_at is None
    assert fired.value == "2.731"
    assert fired.summary.endswith("Look at the **model gateway** first.")
    assert [(link.title, link.url) for link in fired.links] == [
        ("Cloud Monitoring", payloads.cloud_monitoring()["incident"]["url"]),
        ("Runbook", "https://wiki.example.com/runbooks/chat-latency"),
    ]


def test_its_labels_say_where_it_is_from():
    labels = report(payloads.cloud_monitoring()).labels
    assert labels == {
        "source": "cloud-monitoring",
        "project": "sample-prod",
        "policy": "chat API latency",
        "condition": "p95 latency above 2 s",
        "resource_type": "cloud_run_revision",
        "metric_type": "run.googleapis.com/request_latencies",
        "configuration_name": "chat-api",
        "location": "asia-northeast1",
        "project_id": "sample-prod",
        "revision_name": "chat-api-00042-kiw",
        "service_name": "chat-api",
        "response_code_class": "2xx",
        "component": "api",
        "resource_name": "sample-prod chat-api",
        "team": "chat",
    }


def test_open_and_closed_are_a_pair():
    opened = report(payloads.cloud_monitoring("open"))
    closed = report(payloads.cloud_monitoring("closed"))
    assert isinstance(closed, AlertResolved)
    assert (closed.fingerprint, closed.starts_at) == (opened.fingerprint, opened.starts_at)
    assert closed.ends_at == payloads.ENDED


def test_two_open_incidents_with_identical_labels_are_two_alerts():
    one = report(payloads.cloud_monitoring(incident_id="0.aaaa"))
    other = report(payloads.cloud_monitoring(incident_id="0.bbbb"))
    assert one.labels == other.labels
    assert one.fingerprint != other.fingerprint


def test_a_test_notification_is_accepted_and_says_so():
    fired = report(payloads.cloud_monitoring_test())
    assert isinstance(fired, AlertFired)
    assert fired.title.startswith("[test] ")
    assert fired.labels["test"] == "true"
    assert fired.starts_at == NOW
    assert not fired.dated
    assert fired.ends_at is None
    assert "A test documentation" in fired.summary


def test_an_uptime_check_has_neither_severity_nor_value_nor_documentation():
    fired = report(payloads.uptime_failure())
    assert fired.severity == ""
    assert fired.value == ""
    assert fired.labels["host"] == "chat.example.com"
    assert fired.labels["check_id"] == "chat-example-com-k3J"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("OPEN", AlertFired),
        ("open", AlertFired),
        ("Closed", AlertResolved),
        ("CLOSED", AlertResolved),
    ],
)
def test_the_case_of_the_state_does_not_matter(state, kind):
    assert isinstance(report(payloads.cloud_monitoring(state)), kind)


@pytest.mark.parametrize("ended_at", [None, 0, "0", 1795_317_150, "1795317150"])
def test_an_open_incident_has_no_end_whatever_it_says(ended_at):
    assert report(payloads.cloud_monitoring(ended_at=ended_at)).ends_at is None


@pytest.mark.parametrize("started_at", ["1795316400", 1795316400.0, 1795316400])
def test_seconds_come_as_number_or_string(started_at):
    expected = datetime.fromtimestamp(1795316400, UTC)
    assert report(payloads.cloud_monitoring(started_at=started_at)).starts_at == expected


@pytest.mark.parametrize(
    ("given", "own", "expected"),
    [
        ("Warning", {}, "Warning"),
        ("no severity", {}, ""),
        ("No Severity", {}, ""),
        (None, {}, ""),
        ("Error", {"severity": "sev1"}, "sev1"),
        (None, {"severity": "sev2"}, "sev2"),
        ("高", {}, "高"),
    ],
)
def test_severity_is_the_teams_own_word_or_the_policys(given, own, expected):
    payload = payloads.cloud_monitoring(severity=given, user_labels=own)
    assert report(payload).severity == expected


def test_values_may_be_numbers_or_a_sentence():
    assert report(payloads.cloud_monitoring(value=0.93)).value == "0.93"
    assert report(payloads.cloud_monitoring(value="no data for 5 min")).value == "no data for 5 min"
    assert report(payloads.cloud_monitoring(threshold_value=7)).starts_at == payloads.STARTED


def test_of_labels_with_one_name_the_resource_keeps_it():
    payload = payloads.cloud_monitoring(
        user_labels={"zone": "policy-zone"},
        resource={"type": "gce_instance", "labels": {"zone": "zone-a"}},
        metric={"type": "m", "labels": {"zone": "metric-zone"}},
    )
    labels = report(payload).labels
    assert labels["zone"] == "zone-a"
    assert labels["metric_zone"] == "metric-zone"
    assert labels["policy_zone"] == "policy-zone"


def test_the_policys_own_service_label_names_the_service_before_a_resource_does():
    payload = payloads.cloud_monitoring(
        user_labels={"service": "tokyo-ai-chat"},
        resource={"type": "consumed_api", "labels": {"service": "aiplatform.googleapis.com"}},
    )
    labels = report(payload).labels
    assert labels["service"] == "tokyo-ai-chat"
    assert labels["resource_service"] == "aiplatform.googleapis.com"


def test_the_query_names_the_service_before_anybody():
    payload = payloads.cloud_monitoring(user_labels={"service": "another"})
    labels = report(payload, service="tokyo-ai-chat").labels
    assert labels["service"] == "tokyo-ai-chat"
    assert labels["policy_service"] == "another"


@pytest.mark.parametrize(
    "absent", ["metric", "metadata", "condition", "severity", "url", "summary"]
)
def test_a_log_match_or_absence_condition_may_lack(absent):
    payload = payloads.cloud_monitoring()
    del payload["incident"][absent]
    assert report(payload).title
    payload["incident"][absent] = None
    assert report(payload).title


@pytest.mark.parametrize("envelope", [payloads.pubsub_push, payloads.pubsub_cloudevent])
def test_the_pubsub_channels_push_is_the_same_alert_as_the_webhook(envelope):
    desk = Desk()
    (direct,) = desk.events(PATH, payloads.cloud_monitoring())
    (pushed,) = desk.events(PATH, envelope(payloads.cloud_monitoring()))
    assert pushed.id == direct.id
    assert pushed.body == direct.body


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"incident_id": ""}, "incident.incident_id: expected a string that is not empty"),
        ({"incident_id": {"a": 1}}, "incident.incident_id: expected a string, got an object"),
        ({"state": "acknowledged"}, "incident.state: expected open or closed"),
        ({"started_at": "yesterday"}, "incident.started_at: expected seconds since 1970"),
        ({"started_at": True}, "incident.started_at: expected seconds since 1970, got a boolean"),
        ({"started_at": 1e300}, "incident.started_at: expected seconds since 1970"),
        ({"resource": []}, "incident.resource: expected an object, got an array"),
        ({"documentation": 3}, "incident.documentation: expected an object, got a number"),
        ({"metric": {"labels": {"a": []}}}, "incident.metric.labels.a: expected a string"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(change, told):
    desk = Desk()
    response = desk.post(PATH, payloads.cloud_monitoring(**change))
    assert response.status == 400
    assert told in response.body.decode()
    assert desk.published == []
