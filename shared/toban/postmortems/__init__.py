"""Postmortems: what happened, told truly, and the questions that only people can answer."""

USES = {
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
}
