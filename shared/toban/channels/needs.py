"""What the section `channels` needs: secrets."""

from __future__ import annotations

from collections.abc import Iterator

from toban.channels.section import CHANNELS
from toban.profile.profile import Profile
from toban.strictyaml.values import secrets_of


def secrets(profile: Profile) -> Iterator[str]:
    """Return every secret that its channels name."""
    for channel in profile[CHANNELS].values():
        yield from secrets_of(channel).values()
