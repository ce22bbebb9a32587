"""
What goes wrong while real senders are recorded: outages, restarts, a lost network, posts that are
lost, silences. Times are seconds since the recording began.
"""

from __future__ import annotations

from typing import Final

LASTS: Final = 3600
"""How long the recording takes."""

SEVERITIES: Final = {f"rule{n}": "critical" if n < 4 else "warning" for n in range(6)}
HOLDS: Final = {"rule5": "30s"}
"""``for`` of a rule."""
GROUP_WAIT, GROUP_INTERVAL, REPEAT = 30, 60, 450
"""Seconds. A whole number of group intervals would leave it to chance which flush repeats."""

OUTAGES: Final = (
    # Two instances of a rule, one after the other, and one that outlives many repeats.
    ("rule0", "host0", 20, 1500),
    ("rule0", "host1", 75, 400),
    # Shorter than an evaluation; shorter than the group waits.
    ("rule1", "host0", 100, 104),
    ("rule1", "host1", 130, 160),
    # Flapping.
    *(("rule2", "host2", 200 + 120 * n, 260 + 120 * n) for n in range(6)),
    # Through restarts of each of the four.
    ("rule3", "host0", 330, 1320),
    ("rule3", "host1", 560, 620),
    ("rule4", "host2", 700, 830),
    ("rule4", "host0", 745, 1260),
    ("rule5", "host0", 30, 50),
    ("rule5", "host1", 240, 700),
    ("rule1", "host2", 930, 1200),
    # One Prometheus does not see these for a while, one never sees the last.
    ("rule2", "host0", 985, 1300),
    ("rule1", "host1", 1010, 1130),
    # While posts are refused, and while their answers are lost.
    ("rule2", "host1", 1430, 1620),
    ("rule0", "host2", 1450, 1465),
    ("rule3", "host2", 1600, 1680),
    ("rule5", "host2", 1640, 1990),
    ("rule4", "host1", 1700, 1730),
    # Under a silence: one begins and ends, one ends, one begins and outlasts it.
    ("rule1", "host0", 1830, 2010),
    ("rule2", "host2", 1980, 2130),
    ("rule3", "host1", 2000, 2400),
    ("rule3", "host0", 1900, 2440),
    # While both Prometheus are away: one goes on, one ends, one begins.
    ("rule0", "host1", 2160, 2910),
    ("rule4", "host2", 2200, 2420),
    ("rule2", "host0", 2380, 2800),
    # Both Alertmanagers restart.
    ("rule1", "host2", 2790, 3000),
    ("rule3", "host2", 2860, 2905),
    ("rule5", "host0", 2700, 2890),
    ("rule0", "host0", 2650, 2700),
    ("rule4", "host1", 2760, 3030),
    ("rule2", "host1", 2895, 2960),
    ("rule0", "host2", 2940, 3020),
)

BLIND: Final = ((1, 1000, 1180), (0, 1540, 1560))
"""A Prometheus cannot scrape."""

DOWN: Final = (
    # A program, how it ends, when, until when.
    ("prometheus0", "SIGTERM", 420, 440),
    ("alertmanager0", "SIGTERM", 600, 625),
    ("prometheus1", "SIGKILL", 800, 890),
    ("alertmanager1", "SIGKILL", 1230, 1290),
    ("prometheus0", "SIGKILL", 2330, 2640),
    ("prometheus1", "SIGTERM", 2335, 2645),
    ("alertmanager1", "SIGTERM", 2870, 2890),
    ("alertmanager0", "SIGTERM", 2930, 2950),
)

LOST: Final = (
    # What happens to posts: refused with 500; taken, and the answer is lost; lost.
    ("refused", 1440, 1500),
    ("unanswered", 1670, 1715),
    ("lost", 1985, 2035),
    ("refused", 2900, 2925),
)

SILENCES: Final = (("rule1", 1800, 2100), ("rule2", 2040, 2220), ("rule3", 1880, 2160))
"""A rule is silenced on their side."""
