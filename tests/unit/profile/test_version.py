"""A profile's version is its content."""

from toban.profile.difference import differences
from toban.profile.version import profile_version
from toban.sections.load import parse_profile


def version(text: str) -> str:
    return profile_version(parse_profile(text).profile)


PLAIN = "service: {id: shop, name: Shop}\npeople: {a: {name: A}, b: {name: B}}\n"


def test_how_the_file_says_it_makes_no_difference():
    same = """\
# A comment.
people:
  b: &b {name: "B"}
  a: {<<: *b, name: A}
service:
  name: 'Shop'
  id: shop
  language: ja   # the default
grouping: {window: 300s}
"""

    assert version(same) == version(PLAIN)


def test_what_it_says_does():
    assert version(PLAIN.replace("name: A", "name: C")) != version(PLAIN)
    assert version(PLAIN + "grouping: {window: 301s}\n") != version(PLAIN)


def test_a_version_is_short_and_fit_for_a_document_id():
    assert len(version(PLAIN)) == 12
    assert set(version(PLAIN)) <= set("0123456789abcdef")


def test_what_is_added_to_an_empty_list_is_shown_by_its_parts_alone():
    steps = '- severities: [P1]\n    steps: [{after: 0m, notify: ["person:a"]}]'
    more = PLAIN + f"severities: [{{label: P1, level: 1}}]\nescalation:\n  {steps}\n"
    plain, fuller = (parse_profile(text).profile for text in (PLAIN, more))
    added = {c.path: (c.old, c.new) for c in differences(plain, fuller)}
    assert added["escalation[0].steps[0].notify"] == (None, ["person:a"])
    assert not {"escalation", "severities"} & added.keys()
    removed = {c.path: (c.old, c.new) for c in differences(fuller, plain)}
    assert {path: (new, old) for path, (old, new) in removed.items()} == added
