"""What the checks of sections may use besides the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from toban.profile.profile import Profile


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The other profiles and settings that the check of a profile may use."""

    others: tuple[Profile, ...] = ()
    """The profiles that are applied together with it."""
    mentioned: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By section: which of its names some section of this profile mentions (``people``: aoki)."""
    borrowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By section: which of its names the profile has from its team."""
