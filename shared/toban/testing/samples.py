"""The sample of each event (``events/samples``), as a body."""

from __future__ import annotations

import json
from typing import TypeVar

from toban.kernel.event import Body
from toban.kernel.prepared import converted
from toban.topology.place import ROOT

B = TypeVar("B", bound=Body)


def sample(cls: type[B]) -> B:
    """Return the sample of an event; raises `FileNotFoundError` when nobody has written one."""
    path = ROOT / "events" / "samples" / f"{cls.TYPE}.json"
    return converted(json.loads(path.read_text(encoding="utf-8"))["data"], cls, strict=False)
