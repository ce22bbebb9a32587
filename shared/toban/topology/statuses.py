"""The statuses of documents, drawn from the tables beside them."""

from __future__ import annotations

from collections.abc import Iterator

from toban.kernel.status import Transitions
from toban.topology.documents import document_classes
from toban.topology.markdown import GeneratedBlock

PLACE = GeneratedBlock("statuses", "the tables beside the documents")


def embed(page: str) -> str:
    """Return `page` with every drawing between its markers; raises `ValueError` without them."""
    drawings = "\n\n".join(
        f"`{name}` ([`{cls.__name__}`](shared/{cls.__module__.replace('.', '/')}.py)):\n\n"
        f"{drawing(cls.STATUS)}"
        for name, cls in document_classes().items()
        if cls.STATUS is not None
    )
    return PLACE.replaced(page, drawings)


def drawing(table: Transitions) -> str:
    """Return a table as a Mermaid state diagram."""
    return "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(table), "```"])


def _arrows(table: Transitions) -> Iterator[str]:
    yield from (f"    [*] --> {status}" for status in table.first)
    for status, following in table.then.items():
        yield from (f"    {status} --> {to}" for to in following)
        if not following:
            yield f"    {status} --> [*]"
