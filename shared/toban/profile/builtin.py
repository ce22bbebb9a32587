"""
The profile of last resort: alerts that match no service when no profile says ``default: true``.

It has nobody to call, so that pages go to the log; `toban check` warns about a missing default.
"""

from __future__ import annotations

from toban.profile.types import (
    ConsoleChannel,
    Escalation,
    Profile,
    Seconds,
    Service,
    Severity,
    Step,
)

BUILTIN_VERSION = "builtin"

BUILTIN = Profile(
    service=Service(
        id="toban", name="toban（担当サービスなし）", name_en="toban (no service)", timezone="UTC"
    ),
    severities=(
        Severity(label="critical", level=1, words=("error",)),
        Severity(label="warning", level=2),
        Severity(label="info", level=3),
    ),
    channels={"console": ConsoleChannel()},
    escalation=(
        Escalation(
            severities=("critical", "warning", "info"),
            steps=(Step(after=Seconds(0), notify=("channel:console",)),),
        ),
    ),
)
