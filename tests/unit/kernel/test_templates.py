"""Templates: every value is escaped, and a missing one is an error (that they travel: test_wheel)."""

from __future__ import annotations

import jinja2
import pytest

from toban.kernel.templates import render

PAGE = {"language": "en", "title": "T", "more": "m"}


def test_every_value_is_escaped():
    page = render("toban.actions", "message.html", **{**PAGE, "more": "<img src=x onerror='1'>"})
    assert "<img" not in page
    assert "&lt;img src=x onerror=&#39;1&#39;&gt;" in page


def test_what_looks_like_a_template_is_text():
    assert "{{ 7*7 }}" in render("toban.actions", "message.html", **{**PAGE, "more": "{{ 7*7 }}"})


def test_a_value_that_nobody_gives_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'more' is undefined"):
        render("toban.actions", "message.html", language="en", title="T")
