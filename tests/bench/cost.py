"""Firestore reads and writes for one alert over the chain, and what they cost."""

from __future__ import annotations

import re
import statistics
from datetime import UTC, datetime

import msgspec

from tests.bench.chain import Chain, Use, quiet_profile, report
from tests.bench.report import Row, Section, progress
from tests.profiles import Profile
from toban.events import MinutePassed
from toban.events.backups import BackupDue, BackupWatchDue
from toban.kernel import log
from toban.kernel.handling.timers import next_due
from toban.local.world import ROOT
from toban.sections.load import load_directory
from toban.sources.configuration.kind import ConfigurationSourceSection
from toban.topology.rooms import is_domain
from toban.topology.types import Topology

START = datetime(2026, 11, 24, 3, 0, 5, tzinfo=UTC)

USD_READ, USD_WRITE, USD_DELETE = 0.03 / 1e5, 0.09 / 1e5, 0.01 / 1e5
"""List prices for one document in a US region; Pub/Sub and functions are not in it."""


def run() -> Section:
    """Count, deterministically: no repetition is needed."""
    progress("cost: counting reads and writes")
    level, log.Settings.level = log.Settings.level, 50
    try:
        tokyo = load_directory(ROOT / "infra" / "services")
        rows = [
            *_rows("one notification", "shop", {"shop": quiet_profile("shop")}, aims=True),
            *_rows("tokyo-ai-chat P1", "tokyo-ai-chat", tokyo, aims=False),
        ]
        each = [f"{row.what}: {_each(row)}" for row in rows if row.data["functions"]]
        return Section(
            "Cost: Firestore documents read and written per alert over the chain",
            [*rows, *_upkeep(tokyo), *_backups(tokyo), _idle(tokyo)],
            (
                (
                    "As billed, receipts included, caches warm. USD: $0.03 / $0.09 / $0.01 per 100,000"
                    " reads / writes / TTL deletes of receipts; Pub/Sub and computing are not in it."
                ),
                "By function (reads+writes):",
                *each,
            ),
        )
    finally:
        log.Settings.level = level


def _rows(name: str, service: str, profiles: dict[str, Profile], *, aims: bool) -> list[Row]:
    chain = Chain(profiles.values(), START)
    # Every cache (the profiles, the pinned version) is warm after one incident has gone through.
    chain.fire(report(chain, "warm-up", service))
    chain.run()
    chain.fire(report(chain, "warm-up", service, resolved=True))
    chain.run()
    chain.pass_time(20)
    sent = chain.outside.calls
    chain.fire(report(chain, "a", service))
    first = chain.run()
    sent = chain.outside.calls - sent
    chain.fire(report(chain, "a", service))  # the very same event, as Alertmanager repeats it
    repeat = chain.run()
    chain.fire(report(chain, "a", service, value="7 %"))
    changed = chain.run()
    chain.fire(report(chain, "b", service))
    second = chain.run()
    chain.fire(report(chain, "b", service, resolved=True))
    cleared = chain.run()
    sent_before = chain.outside.calls
    chain.fire(report(chain, "a", service, resolved=True))
    resolved = chain.run()
    closed = chain.outside.calls - sent_before
    told = f"{name}: first alert, {sent} notification{'s' if sent != 1 else ''}"
    return [
        _row(told, first, (3, 6) if aims else None),
        _row(f"{name}: repeat of a firing one", repeat, (1, 0)),
        _row(f"{name}: repeat of a firing one in other words (a new value)", changed, (1, 0)),
        _row(f"{name}: another alert joins", second, None),
        _row(f"{name}: one of several stops", cleared, None),
        _row(f"{name}: the last stops, {closed} closing notifications", resolved, None),
    ]


def _row(what: str, uses: dict[str, Use], aim: tuple[int, int] | None) -> Row:
    total = sum(uses.values(), Use())
    usd = 1e6 * (total.reads * USD_READ + total.writes * USD_WRITE + total.receipts * USD_DELETE)
    met = None if aim is None else total.reads <= aim[0] and total.writes <= aim[1]
    return Row(
        what,
        f"{total.reads} R + {total.writes} W, ${usd:.2f} per million",
        "" if aim is None else f"<= {aim[0]} R + {aim[1]} W",
        met,
        {
            "reads": total.reads,
            "writes": total.writes,
            "profile_reads": total.profile_reads,
            "usd_per_million": round(usd, 3),
            "functions": {f: [u.reads, u.writes] for f, u in uses.items()},
        },
    )


def _each(row: Row) -> str:
    used = row.data["functions"].items()
    return ", ".join(f"{name} {reads}+{writes}" for name, (reads, writes) in used if reads + writes)


def _backups(profiles: dict[str, Profile]) -> list[Row]:
    """One backup with all that follows, a look that finds nothing new, and a day of the watch."""
    chain = Chain([_settings_only(profiles["tokyo-ai-chat"]), profiles["cro-tool"]], START)
    chain.buckets("tokyo-ai-chat-data").create("voice/1.ogg", b"a recording" * 1000)

    def take(source: str, class_: str) -> dict[str, Use]:
        chain.pass_time(86_400)
        chain.publish(
            BackupDue(service="tokyo-ai-chat", source=source, class_=class_), source, class_
        )
        return chain.run()

    take("storage", "daily")
    backup = take("storage", "daily")
    take("configuration", "on-change")
    unchanged = take("configuration", "on-change")
    chain.publish(BackupWatchDue(), "watch")
    chain.run()
    chain.publish(BackupWatchDue(), "watch again")
    watch = chain.run()
    reads = sum(use.reads for use in watch.values())
    usd = reads * 144 * 30 * USD_READ
    return [
        _row("a backup of one part in two regions, verified, older ones weighed", backup, None),
        _row("a look at a source that has not changed", unchanged, None),
        Row(
            "the watch over two services",
            f"{reads} R each ten minutes, ${usd:.2f} a month",
            data={"reads": reads, "usd_per_month": round(usd, 3), "functions": {}},
        ),
    ]


def _idle(profiles: dict[str, Profile]) -> Row:
    """An hour in which an incident is open and its timers are set: the minutes without one."""
    chain = Chain(profiles.values(), START)
    chain.fire(report(chain, "a", "tokyo-ai-chat"))
    chain.run()
    minutes = []
    for minute in range(60):
        chain.pass_time(60)
        due = next_due(chain.platforms["tick"])
        assert due is not None, "no timer is set"
        chain.publish(MinutePassed(), str(minute))
        used = sum(chain.run().values(), Use())
        if due > chain.clock.now():
            minutes.append(used)
    most = max(use.reads + use.profile_reads for use in minutes)
    usual = statistics.median_low([use.reads + use.profile_reads for use in minutes])
    domains = sorted(_with_timers(chain.topology))
    return Row(
        f"a minute in which nothing is due (timers of {', '.join(domains)})",
        f"{usual} R, {most} R at most",
        "<= 1 R a domain",
        most <= len(domains) and not any(use.writes for use in minutes),
        {"reads": usual, "most": most, "domains": domains, "functions": {}},
    )


def _with_timers(topology: Topology) -> set[str]:
    """The domains whose functions set timers."""
    return {
        room
        for name, function in topology.functions.items()
        if function.sets
        for room in re.findall(
            r"^from toban\.(\w+)", (ROOT / "functions" / name / "main.py").read_text(), re.MULTILINE
        )
        if is_domain(room)
    }


def _settings_only(profile: Profile) -> Profile:
    """Its configuration without what only Google could tell."""
    assert profile.backup is not None
    sources = {**profile.backup.sources, "configuration": ConfigurationSourceSection()}
    return msgspec.structs.replace(
        profile, backup=msgspec.structs.replace(profile.backup, sources=sources)
    )


def _upkeep(profiles: dict[str, Profile]) -> list[Row]:
    """What does not depend on the number of alerts."""
    chain = Chain(profiles.values(), START)
    chain.fire(report(chain, "a", "tokyo-ai-chat"))
    cold = {f: u.profile_reads for f, u in chain.run().items() if u.profile_reads}
    chain.pass_time(31)
    chain.fire(report(chain, "b", "tokyo-ai-chat"))
    later = sum(u.profile_reads for u in chain.run().values())
    usd = later * 2 * 60 * 24 * 30 * USD_READ
    each = ", ".join(f"{f} {n}" for f, n in cold.items())
    return [
        Row(
            f"profiles ({len(profiles)} services): each busy instance of open_incident",
            f"{later} R per half minute, ${usd:.2f} a month if always busy",
            data={"reads_per_half_minute": later, "usd_per_month": round(usd, 3)},
        ),
        Row(
            "profiles: a new instance, once",
            f"{sum(cold.values())} R ({each})",
            data={"reads": cold},
        ),
    ]
