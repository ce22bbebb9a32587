"""The severities of a service: its own words for the four levels, and what each asks for."""

USES = {
    "toban.oncall.check_targets": "whether a target means anybody is a question about a profile",
}
