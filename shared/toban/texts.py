"""
The one format of texts for people: key → language → template, next to the code that uses them.

A ``texts.py`` holds ``TEXTS``; a guard refuses a key that is defined twice anywhere, lacks a
language or has other placeholders in it, is used by nobody, or is not defined. Plain Python, so
that a function carries its texts without a YAML reader.

A counted noun is written in its plural, ``{n:errors}``: ``1 error``, ``2 errors``. A value is inserted as it is and never read as a template, because anybody may have written it.
Escaping for Slack or HTML is the renderer's work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["ja", "en"]
Texts: TypeAlias = Mapping[str, Mapping[Language, str]]


class Both(NamedTuple):
    """A text in both languages."""

    ja: str
    en: str

    def say(self, language: Language) -> str:
        """Return the text in a language."""
        return self.ja if language == "ja" else self.en


class Catalogue:
    """The texts of one ``texts.py``, to be called with a language and a key."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Texts) -> None:
        """Of these texts."""
        self._texts = texts

    def __call__(self, language: Language, key: str, /, **values: object) -> str:
        """
        The text of `key` with `values` filled in.

        A value that is `Both` is said in the same language. Raises `KeyError` when there is no such
        text, or a value it needs is missing.
        """
        template = self._texts[key][language]
        # Only what the template names is looked up; braces inside a value stay what they are.
        return template.format_map({n: _said(value, language) for n, value in values.items()})

    def both(self, key: str, /, **values: object) -> Both:
        """Return the text of `key` in both languages, as `__call__` has it."""
        return Both(self("ja", key, **values), self("en", key, **values))

    def __contains__(self, key: object) -> bool:
        """Whether there is such a text."""
        return key in self._texts


class _Value(str):
    """A value to be filled in; ``{n:errors}`` counts with it."""

    __slots__ = ()

    def __format__(self, noun: str) -> str:
        if not noun:
            return str(self)
        one = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
        return f"{self} {one if self == '1' else noun}"


def _said(value: object, language: Language) -> str:
    return _Value(value.say(language) if isinstance(value, Both) else value)
