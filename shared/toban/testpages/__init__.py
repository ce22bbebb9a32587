"""Test pages: whether people can be called, shown by their own answer and not by their profile."""

USES = {
    "toban.escalation.section": "which steps a severity has is a question about a profile",
    "toban.notify.identity": "what a notification is called derives from what it says to whom",
    "toban.oncall.shifts": "who is on duty when is a question about a rotation",
    "toban.oncall.targets": "by which channels a person is reached is a question about a profile",
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
}
