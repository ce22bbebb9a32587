"""What several events have in common."""

from __future__ import annotations

from toban.kernel.event import Body


class AboutIncident(Body, frozen=True, kw_only=True):
    """Concerns an incident."""

    incident_id: str

    def subject(self) -> str:
        """The incident."""
        return f"incidents/{self.incident_id}"
