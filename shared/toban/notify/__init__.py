"""Who is told of an incident, by which channel, and that each is told once."""

USES = {
    "toban.oncall.targets": "whom a target means is a question about a pinned profile and a time"
}
