"""What `toban demo` says."""

from __future__ import annotations

from typing import Final, Literal

DEMO: Final[dict[str, dict[Literal["en", "ja"], str]]] = {}
