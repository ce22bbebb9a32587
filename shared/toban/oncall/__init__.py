"""On-call: who is on duty when, and whom a target means at that time. Pure, stores nothing."""

USES = {
    "toban.people.check": "whether a person is there is a question about a profile",
}
