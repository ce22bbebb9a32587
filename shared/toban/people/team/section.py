"""
The section `team`: the name of a file whose sections fill those that the profile lacks.

It is settled when a profile is loaded (`toban.sections.teams`) and not stored: what a team file
says then stands in the profile's own sections.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from toban.profile.profile import SectionKey

TeamName = Annotated[str, msgspec.Meta(extra={"format": "id"})]
"""As an id: the file is called so."""

TEAM: Final[SectionKey[str]] = SectionKey("team", TeamName, "")
