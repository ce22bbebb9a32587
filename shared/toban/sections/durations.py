"""Which fields of a profile hold durations: stored they are seconds, people write ``15m``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

from toban.kernel.i18n import exact
from toban.sections.collect import whole
from toban.strictyaml.values import Seconds


def is_duration(path: str) -> bool:
    """
    Return whether a profile's field holds seconds; `path` as `toban.profile.difference` has it
    (``escalation[0].steps[1].after``).
    """
    return _durations().fullmatch(path) is not None


def as_written(path: str, value: Any) -> str:
    """Return the value of a field as a profile has it: a duration as ``15m``, all else as JSON."""
    if isinstance(value, int) and is_duration(path):
        return exact(value).en
    return msgspec.json.encode(value).decode()


@cache
def _durations() -> re.Pattern[str]:
    return re.compile("|".join(pattern.removeprefix(r"\.") for pattern in _patterns(whole())))


def _patterns(kind: Any) -> Iterator[str]:
    """The paths of all durations below a type, as regular expressions."""
    if kind is Seconds:
        yield ""
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            for rest in _patterns(field.type):
                yield rf"\.{re.escape(field.encode_name)}{rest}"
    elif get_origin(kind) is dict:
        yield from (rf"\..+{rest}" for rest in _patterns(get_args(kind)[1]))
    elif get_origin(kind) is tuple:
        yield from (rf"\[\d+\]{rest}" for each in get_args(kind) for rest in _patterns(each))
    else:
        for each in get_args(kind):  # of a union
            yield from _patterns(each)
