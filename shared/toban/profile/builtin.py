"""
The profile of last resort: alerts that match no service when no profile says ``default: true``.

It has nobody to call, so that pages go to the log; `toban check` warns about a missing default.
"""

from __future__ import annotations

from toban.profile.profile import Profile, StoredProfile

BUILTIN_VERSION = "builtin"

BUILTIN: Profile = StoredProfile(
    {
        "service": {
            "id": "toban",
            "name": "toban（担当サービスなし）",
            "name_en": "toban (no service)",
            "timezone": "UTC",
        },
        "severities": [
            {"label": "critical", "level": 1, "words": ["error"]},
            {"label": "warning", "level": 2},
            {"label": "info", "level": 3},
        ],
        "channels": {"console": {"type": "console"}},
        "escalation": [
            {
                "severities": ["critical", "warning", "info"],
                "steps": [{"after": 0, "notify": ["channel:console"]}],
            }
        ],
    }
)
