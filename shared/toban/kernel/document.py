"""Documents: typed records in the store, each class in its own collection."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, TypeVar

import msgspec

from toban.kernel.prepared import convert
from toban.ports import Key


class Document(msgspec.Struct, kw_only=True):
    """
    Base of every stored record.

    Unknown fields in the store are ignored when read, so that old code can read what newer code
    wrote during a deployment.
    """

    COLLECTION: ClassVar[str] = ""

    id: str

    @classmethod
    def key(cls, id: str) -> Key:
        """Where the document with that id lives."""
        return Key(cls.COLLECTION, id)


D = TypeVar("D", bound=Document)


def encode(document: Document) -> dict[str, Any]:
    """The document as store values (times stay `datetime`)."""
    data = msgspec.to_builtins(document, builtin_types=(datetime, bytes), enc_hook=to_stored)
    assert isinstance(data, dict)
    return data


def decode(cls: type[D], data: dict[str, Any]) -> D:
    """
    A document from store values.

    Raises `msgspec.ValidationError` naming the field path: the store holds something that this
    code did not write.
    """
    return convert(data, cls)


def to_stored(value: Any) -> Any:
    """The form that the store has of a value that says so itself (its `to_stored`)."""
    return value.to_stored()
