"""
Find which was first wherever a flush and something else came at once, and note it in a recording.

The recording cannot say it: it is looked for, each time from the first post that differs, until the
simulation's senders post what the real ones did. By hand, after `tests.recorded.record`:

    python -m tests.recorded.races FILE.jsonl.gz
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.recorded.replay import Post, Race, Recording, by_group, first_difference

BACK = 6
"""How many of the newest coincidences before a difference may explain it, alone or in pairs."""


def find(recording: Recording, rule: str) -> str:
    """Note the races of a rule; what still differs then."""
    real = by_group(recording.posts()).get(rule, [])
    best = _differs(recording, rule, real)
    while best < len(real) + 1:
        before = set(recording.races)
        for flips in _candidates(recording, rule, real, best):
            recording.races = before ^ flips
            if (now := _differs(recording, rule, real)) > best:
                best = now
                break
        else:
            recording.races = before
            return f"{rule}: nothing explains post {best} of {len(real)}"
    return ""


def _differs(recording: Recording, rule: str, real: list[Post]) -> int:
    """How many posts are the same; one more when all are."""
    site = recording.site()
    site.outages = [outage for outage in site.outages if outage.rule == rule]
    recording.met = {race for race in recording.met if race[2] != rule}
    found = first_difference(real, recording.modelled(site))
    return len(real) + 1 if found is None else found


def _candidates(recording: Recording, rule: str, real: list[Post], at: int) -> Iterator[set[Race]]:
    _differs(recording, rule, real)
    until = real[at].at if at < len(real) else recording.until
    met = sorted(
        (race for race in recording.met if race[2] == rule and race[3] <= until + 1),
        key=lambda race: -race[3],
    )[:BACK]
    for number in (1, 2, 3):
        yield from (set(each) for each in itertools.combinations(met, number))


if __name__ == "__main__":
    path = Path(sys.argv[1])
    hour = Recording(path)
    hour.races = set()
    for rule in sorted(by_group(hour.posts())):
        print(rule, find(hour, rule) or "is explained")
    lines = [
        line
        for line in gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
        if '"missed"' not in line
    ]
    for by, what, rule, at in sorted(hour.races, key=lambda race: race[3]):
        noted = {"at": at, "kind": "missed", "by": by, "what": what, "rule": rule}
        lines.append(json.dumps(noted, separators=(",", ":")) + "\n")
    path.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    print(f"{len(hour.races)} of {len(hour.met)} times the flush was first")
