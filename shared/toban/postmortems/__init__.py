"""Postmortems: what happened, told truly, and the questions that only people can answer."""
