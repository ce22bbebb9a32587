"""Checking schedules: apart from other values, because only few functions have what reads cron."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toban.kernel.clock.cron import BadCronError, gaps
from toban.strictyaml.report import Report
from toban.strictyaml.texts import both

SHORTEST_GAP: Final = timedelta(minutes=5)
_WHY: Final = {
    "Wrong number of fields": both("cron.fields"),
    "Bad character": both("cron.character"),
    "Bad minute": both("cron.minute"),
    "Bad hour": both("cron.hour"),
    "Bad day-of-month": both("cron.day"),
    "Bad month": both("cron.month"),
    "Bad day-of-week": both("cron.weekday"),
    "no such day": both("cron.never"),
}
"""What `BadCronError` says, in both languages."""


def check_schedule(cron: str, path: str, report: Report) -> bool:
    """Report an invalid schedule, or one that is too frequent; return whether it is valid."""
    try:
        # Clock changes may put two slots side by side; that is not what is asked here.
        shortest = gaps(cron, "UTC").smallest
    except BadCronError as error:
        report.error(
            "bad-schedule",
            path,
            both(
                "finding.yaml.bad-schedule",
                cron=repr(cron),
                why=_WHY.get(str(error), str(error)),
            ),
        )
        return False
    if shortest < SHORTEST_GAP:
        report.error(
            "too-often",
            path,
            both("finding.yaml.too-often", cron=repr(cron)),
        )
    return True
