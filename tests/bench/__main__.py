"""``python -m tests.bench [cold-start|cost|latency|throughput|storm|hanging …] [--json]``."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time

from tests.bench.report import Section, as_json, progress, table
from toban.local.emulated.emulators import EmulatorNotAvailable

BENCHES = {
    "cold-start": "cold_start",
    "cost": "cost",
    "latency": "latency",
    "throughput": "throughput",
    "storm": "storm",
    "pipe": "pipe",
    "retention": "retention",
    "dev-emulators": "emulated",
    "hanging": "hanging",
    "hanging-emulators": "hanging:run_emulators",
}
ONLY_WHEN_ASKED_FOR = {"hanging-emulators"}  # takes ten minutes, most of them waiting in vain


def main(arguments: list[str]) -> int:
    """Run what is asked for, all by default. The exit code says whether it ran, not how fast."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.benches if name not in BENCHES]
    if unknown:
        parser.error(f"no such bench: {', '.join(unknown)} (there are {', '.join(BENCHES)})")
    began = time.monotonic()
    sections = []
    for name in given.benches or [n for n in BENCHES if n not in ONLY_WHEN_ASKED_FOR]:
        try:
            module, _, function = BENCHES[name].partition(":")
            run = getattr(importlib.import_module(f"tests.bench.{module}"), function or "run")
            sections.append(run())
        except EmulatorNotAvailable as error:
            progress(f"{name}: not run: {error}")
            sections.append(Section(name, (), (f"Not run: {error}",)))
    progress(f"took {time.monotonic() - began:.0f} s")
    if given.json:
        print(as_json(sections))
        return 0
    print(table(sections))
    print(f"\n{machine()}. Ratios hold within one run; absolute times are this machine's.")
    missed = [row.what for section in sections for row in section.rows if row.met is False]
    print(f"Aims missed: {'; '.join(missed)}." if missed else "Every aim was met.")
    return 0


def machine() -> str:
    """What it ran on."""
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores (load {load:.1f}), {platform.system()} {platform.machine()},"
        f" Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
