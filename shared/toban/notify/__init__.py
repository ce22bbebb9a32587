"""Who is told of an incident, by which channel, and that each is told once."""

USES = {
    "toban.oncall.targets": "whom a target means is a question about a pinned profile and a time",
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
    "toban.escalation.section": "which steps a severity has is a question about a profile",
}
