"""A profile's version is its content."""

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
