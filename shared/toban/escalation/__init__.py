"""What happens to an incident that nobody acknowledges."""

USES = {
    "toban.oncall.check_targets": "whether a target means anybody is a question about a profile",
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
}
