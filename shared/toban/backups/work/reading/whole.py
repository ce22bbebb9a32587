"""
Reading whatever a format leaves unread.

A format knows what it reads, and may know enough early; it may end its input, or go on after an
error of it. That every byte was read, and was right, is for the verifier to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from toban.backups.catalogue.manifest import Manifest
from toban.backups.catalogue.reading import OpenedCopy
from toban.ports.backup import Fetch, Format, ObjectRef

T = TypeVar("T")


class Whole(Generic[T]):
    """An iterator that nobody who is given it can end, and that does not forget an error."""

    def __init__(self, values: Iterator[T]) -> None:
        self._values = values
        self._error: Exception | None = None

    def __iter__(self) -> Whole[T]:
        return self

    def __next__(self) -> T:
        if self._error is not None:
            raise self._error
        try:
            return next(self._values)
        except StopIteration:
            raise
        except Exception as error:
            self._error = error
            raise

    def rest(self) -> int:
        """Read on to the end, and return how much was left; raises the error that was met before."""
        return sum(1 for _ in self)


class WholeObjects:
    """A `Fetch` that knows which objects were read to their end."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._read: set[tuple[str, str]] = set()
        self._error: Exception | None = None

    def __call__(self, ref: ObjectRef) -> Iterator[bytes]:
        """Yield an object's content."""
        try:
            yield from self._fetch(ref)
        except Exception as error:
            self._error = self._error or error
            raise
        self._read.add((ref.backup_id, ref.name))

    def rest(self, refs: Iterator[ObjectRef]) -> None:
        """Read those not read to their end yet; raises the error that was met before."""
        for ref in refs:
            if self._error is not None:
                break
            if (ref.backup_id, ref.name) not in self._read:
                for _ in self(ref):
                    pass
        if self._error is not None:
            raise self._error


def names_objects(manifest: Manifest) -> bool:
    """Return whether a stream names objects that lie beside it, or beside what it builds on."""
    return bool(manifest.object_totals.objects or manifest.needs)


def references(form: Format, opened: OpenedCopy) -> Iterator[ObjectRef]:
    """
    Yield the objects beside a stream, as its format names them.

    Raises `ValueError` after the last when it has named them without reading the whole stream:
    there may be more.
    """
    stream = Whole(opened.stream())
    yield from form.object_refs(stream)
    if stream.rest():
        raise ValueError("the format has not read the whole stream, which names what lies beside")


def read_rest(
    form: Format, opened: OpenedCopy, stream: Whole[bytes], objects: WholeObjects
) -> None:
    """Read what a format has left of a stream, and of the objects beside it; raises `Damaged`."""
    stream.rest()
    if names_objects(opened.manifest):
        objects.rest(references(form, opened))
