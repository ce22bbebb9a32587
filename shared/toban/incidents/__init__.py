"""Incidents: which alerts make one, how it lives, and who is called when nobody answers."""

USES = {
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
    "toban.escalation.section": "which steps a severity has is a question about a profile",
}
