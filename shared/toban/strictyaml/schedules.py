"""Checking schedules: apart from other values, because only few functions have what reads cron."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from toban.kernel.clock.cron import BadCronError, gaps
from toban.strictyaml.report import Report

SHORTEST_GAP: Final = timedelta(minutes=5)


def check_schedule(cron: str, path: str, report: Report) -> bool:
    """Complain about a schedule that is none, or comes too often; whether it is one."""
    try:
        # Clock changes may put two slots side by side; that is not what is asked here.
        shortest = gaps(cron, "UTC").smallest
    except BadCronError as error:
        report.error(
            "bad-schedule",
            path,
            f'{cron!r} は cron（分 時 日 月 曜日。例 "0 2 * * *"）ではありません: {error}',
            f'{cron!r} is not cron (minute hour day month weekday, like "0 2 * * *"): {error}.',
        )
        return False
    if shortest < SHORTEST_GAP:
        report.error(
            "too-often",
            path,
            f"{cron!r} は 5 分に一度より頻繁です。",
            f"{cron!r} comes more often than every 5 minutes.",
        )
    return True
