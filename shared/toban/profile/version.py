"""The version of a profile is its content: equal content, equal version."""

from __future__ import annotations

import hashlib

import msgspec

from toban.kernel.document import to_stored
from toban.profile.profile import Profile


def profile_version(profile: Profile) -> str:
    """
    Return twelve hexadecimal digits that depend on what the profile says, not on its form.

    Comments, key order, aliases and omitted defaults make no difference: SHA-256 over JSON with
    sorted keys and all defaults written out.
    """
    return hashlib.sha256(
        msgspec.json.encode(profile, order="sorted", enc_hook=to_stored)
    ).hexdigest()[:12]
