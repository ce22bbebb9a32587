"""Backups that are proven: taken, replicated, verified, pruned, restored."""

USES = {
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
}
