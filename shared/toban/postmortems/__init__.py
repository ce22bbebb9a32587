"""Postmortems: a draft with the true timeline, and the questions that only people can answer."""

USES = {
    "toban.severities.section": "what a severity means in a profile is a question about that profile",
}
