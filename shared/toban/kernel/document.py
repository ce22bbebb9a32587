"""Documents: typed records in the store, each class in a collection of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import msgspec

from toban.kernel.prepared import converted
from toban.kernel.status import Transitions
from toban.ports import Key


@dataclass(frozen=True)
class Keep:
    """How long a document is kept after it is over (`Document.over_since`), and why."""

    time: timedelta | None
    """None: until somebody removes it."""
    why: str
    """As the documentation has it: counted from when, and for what."""
    ja: str = ""
    """The same in Japanese."""

    @classmethod
    def days(cls, number: int, why: str, ja: str = "") -> Keep:
        """Return a life of so many days after the document is over."""
        return cls(timedelta(days=number), why, ja)

    @classmethod
    def always(cls, why: str) -> Keep:
        """Return a life without end: as long as what the document describes exists."""
        return cls(None, why)


class Document(msgspec.Struct, kw_only=True):
    """
    Base of every stored record.

    Unknown fields in the store are ignored when read, so that old code can read what newer code
    wrote during a deployment. A class that names its collection says in `KEEP` how long its
    documents live (tests/house holds that); Terraform's TTL policies and the embedded sweep follow.
    """

    COLLECTION: ClassVar[str] = ""
    KEEP: ClassVar[Keep | None] = None
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Composite indexes that its queries need (`toban.kernel.indexes`): fields, ``-`` descending."""
    IS_PART: ClassVar[bool] = False
    """Part of another document: it is kept as long as that one, over or not."""
    STATUS: ClassVar[Transitions | None] = None
    """Which status may follow which (`toban.kernel.status.move`); None: no status."""

    id: str
    expires_at: datetime | None = None
    """The store removes it some time after this; None: it lives. Set by every write (`encode`)."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Register the class as the one that its collection belongs to."""
        super().__init_subclass__(**options)
        if "COLLECTION" in cls.__dict__:
            CLASSES[cls.COLLECTION] = cls

    @classmethod
    def key(cls, id: str) -> Key:
        """Return the key of the document with that id."""
        return Key(cls.COLLECTION, id)

    def over_since(self) -> datetime | None:
        """Return since when it is over by its own fields; None: it is never removed."""
        return None

    def holders(self) -> Sequence[Key]:
        """Return the documents that need this one: kept while one exists (`handling.sweep`)."""
        return ()


CLASSES: dict[str, type[Document]] = {}
"""Every collection whose class was imported into this process."""

D = TypeVar("D", bound=Document)


def expiry(document: Document) -> datetime | None:
    """
    Return when the store may remove a document; None: never.

    A longer time that was given because another document needs it is kept.
    """
    keep, over = document.KEEP, document.over_since()
    if keep is None or keep.time is None or over is None:
        return None
    own = over + keep.time
    given = document.expires_at if document.holders() else None
    return max(own, given) if given else own


def encode(document: Document) -> dict[str, Any]:
    """Return the document as store values (times stay `datetime`), with its expiry as of now."""
    document.expires_at = expiry(document)
    data = msgspec.to_builtins(document, builtin_types=(datetime, bytes), enc_hook=to_stored)
    assert isinstance(data, dict)
    if data["expires_at"] is None:
        del data["expires_at"]  # a living document looks as it did before there were expiries
    return data


def require_transition(document: Document, stored: Mapping[str, Any]) -> None:
    """
    Raise `IllegalTransitionError` when the stored status may not become the document's.

    Also for a document made anew to replace the stored one.
    """
    table = document.STATUS
    if table is not None and table.field in stored:
        after = getattr(document, table.field)
        table.require(f"{document.COLLECTION}/{document.id}", stored[table.field], after)


def decode(cls: type[D], data: dict[str, Any]) -> D:
    """
    Return a document from store values.

    Raises `msgspec.ValidationError` naming the field path: the store holds something that this
    code did not write.
    """
    return converted(data, cls)


def to_stored(value: Any) -> Any:
    """Return a value in the form that the store keeps (the value's own `to_stored`)."""
    return value.to_stored()
