"""The types of values in files, and the base of sections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NewType

import msgspec

from toban.texts import Language as Language

Seconds = NewType("Seconds", int)
"""A duration; YAML writes it with a unit."""

ClockTime = NewType("ClockTime", str)
"""``HH:MM``, local to the zone beside it."""

ZoneName = Annotated[str, msgspec.Meta(extra={"format": "zone"})]
"""An IANA time zone, ``Asia/Tokyo``; plain text to the type checker, looked up by the loader."""

ServiceId = Annotated[str, msgspec.Meta(extra={"format": "id"})]
"""Lower-case letters, digits and ``-``, at most 63, beginning with a letter (ids of documents)."""

TargetName = Annotated[str, msgspec.Meta(extra={"format": "target"})]
"""Who is told: ``oncall:primary``, ``person:ID``, ``channel:ID``; checked with the whole profile."""

CronExpression = Annotated[str, msgspec.Meta(extra={"format": "cron"})]
"""A schedule in five fields (`toban.kernel.clock.cron`); checked with the profile."""

SecretName = Annotated[str, msgspec.Meta(extra={"format": "secret"})]
"""The name of a secret, never its value: ``SLACK_WEBHOOK_OPS``; checked with the profile."""

EmailAddress = Annotated[str, msgspec.Meta(extra={"format": "email"})]
"""Where mail goes to; checked with the profile."""

DEFAULT_ZONE = "Asia/Tokyo"
"""Of whatever names no zone."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Section(msgspec.Struct, frozen=True):
    """
    Base of every part of a profile: immutable.

    Unknown keys in a file are errors (`toban.strictyaml.reader`). In the store they are ignored: a
    function that is not deployed anew yet reads what newer code applied. A key that a later release
    adds is ``… | UnsetType = UNSET``: what does not say it is stored as before, and keeps its version.
    """

    @classmethod
    def instead(cls, text: str) -> str:  # noqa: ARG003
        """Return what was probably meant by a single value, as it is written; empty: who knows."""
        return ""


def is_section(kinds: Iterable[Any]) -> bool:
    """
    Return whether one of the types that a key may have is a part of its own: it is left out where
    there is none of it, and never empty.
    """
    return any(isinstance(kind, type) and issubclass(kind, msgspec.Struct) for kind in kinds)


def secrets_of(section: Section) -> dict[str, str]:
    """
    Return the names of the secrets that a section needs, by the key that names them
    (``…_secret``).
    """
    keys = (f.encode_name for f in msgspec.structs.fields(section))
    named = {key: str(getattr(section, key)) for key in keys if key.endswith("_secret")}
    return {key: name for key, name in named.items() if name}
