"""What is told of a restore before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from toban.ports import PortError


@dataclass(frozen=True, slots=True)
class Selection:
    """What a partial restore takes of a backup, and what it leaves out: counted by kind."""

    comes: Mapping[str, int]
    left_out: Mapping[str, int]


class NothingSelected(PortError):
    """A backup holds nothing of one of the names that were asked for."""

    def __init__(self, word: str) -> None:
        super().__init__(f"the backup holds no {word!r}")


@runtime_checkable
class Selecting(Protocol):
    """A format of which it can be told beforehand what a partial restore takes."""

    @property
    def selects_early(self) -> bool:
        """Whether the beginning of a stream tells it; else all of it is read."""
        ...

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """
        Return what the option ``only`` of a target takes of a plain stream.

        Raises `NothingSelected`, `Damaged`, and `FormatUnchecked` where it cannot be told.
        """
        ...


@runtime_checkable
class Remarking(Protocol):
    """A target that has something to say before it is loaded."""

    def remarks(self) -> list[str]:
        """Return what a person has to know who loads this, though nothing forbids it."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """How much a target can take, as far as anybody can tell from here."""

    free: int | None
    """Bytes; None: the server does not tell."""
    where: str = ""
    """What was measured."""
    needed: int | None = None
    """What the data took where they were, if that was recorded; None: as large as the backup's content."""
    exact: bool = False
    """Whether what does not fit into it surely fails; else it is an estimate (a server may need more or less)."""


@runtime_checkable
class Measured(Protocol):
    """A target that knows, or knows that it cannot tell, how much it can take."""

    def room(self) -> Room | None:
        """Return what is free there now; None: it has no limit. Raises `TargetFailed` when it cannot be reached from here."""
        ...
