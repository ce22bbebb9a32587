"""ingest_alert: checks a monitor's webhook and publishes its alerts."""

from toban.alerts.ingress import ingest
from toban.entry import endpoint

main = endpoint("ingest_alert", ingest)
