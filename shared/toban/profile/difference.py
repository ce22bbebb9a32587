"""What differs between two versions of a profile, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from toban.kernel.document import to_stored
from toban.profile.profile import Profile


class FieldChange(NamedTuple):
    """One field, by its path (``escalation[0].steps[1].after``); None: it is not there."""

    path: str
    old: Any
    new: Any


def differences(old: Profile, new: Profile) -> tuple[FieldChange, ...]:
    """Return what differs, in the order of paths; defaults count as written out."""
    before, after = dict(_fields(_content(old), "")), dict(_fields(_content(new), ""))
    paths = sorted(before.keys() | after.keys())
    changed = (FieldChange(path, before.get(path), after.get(path)) for path in paths)
    return tuple(
        change
        for change in changed
        if change.old != change.new and not (_has(before, change) or _has(after, change))
    )


def _has(fields: Mapping[str, Any], change: FieldChange) -> bool:
    """Whether the field has parts there, which say it all: nothing was taken away with an ``[]``."""
    return any(name.startswith((f"{change.path}.", f"{change.path}[")) for name in fields)


def _content(profile: Profile) -> Any:
    return msgspec.to_builtins(profile, enc_hook=to_stored, str_keys=True)


def _fields(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that is none of others; what is empty is one."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _fields(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        if any(isinstance(each, dict | list | tuple) for each in value):
            for number, each in enumerate(value):
                yield from _fields(each, f"{path}[{number}]")
        else:
            yield path, list(value)
    else:
        yield path, value
