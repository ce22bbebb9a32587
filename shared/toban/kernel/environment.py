"""The environment that something is of: ``production``, unless its service's profile says another."""

from __future__ import annotations

from typing import Final

PRODUCTION: Final = "production"
"""Of whatever says no other; what an earlier release stored says none."""

LABEL: Final = "environment"
"""The label by which an alert names its environment itself."""
