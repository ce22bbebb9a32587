"""`toban dev --emulators` with every function: until it answers, and the memory that it takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

from tests.bench.load import ENVIRON
from tests.bench.report import Row, Section, progress
from toban.local.emulated.emulators import EmulatorNotAvailable, free_port
from toban.local.world import ROOT

READY_S, MEMORY_GB = 20.0, 4.0
PATIENCE_S = 120.0


def run() -> Section:
    """Measure once; raises `EmulatorNotAvailable` where it does not start."""
    progress("dev --emulators: starting everything")
    with tempfile.TemporaryDirectory(prefix="toban-bench-") as folder:
        port, output = free_port(), Path(folder, "output.txt")
        command = [sys.executable, "-m", "toban.cli", "dev", "--emulators", "--port", str(port)]
        command += ["--data", str(Path(folder, "data"))]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("TOBAN_")}
        environ |= {"PYTHONPATH": str(ROOT / "shared"), **ENVIRON}
        with output.open("wb") as file:
            began = time.monotonic()
            process = subprocess.Popen(
                command, env=environ, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                functions = _ready(process, port, output)
                seconds = time.monotonic() - began
                memory, cpu = _used(process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)
    total = sum(memory.values())
    each = ", ".join(f"{kind} {gb:.2f}" for kind, gb in sorted(memory.items()))
    spent = ", ".join(f"{kind} {s:.1f}" for kind, s in sorted(cpu.items()))
    load = os.getloadavg()[0]
    return Section(
        "toban dev --emulators",
        (
            Row(
                f"until all {functions} functions answer",
                f"{seconds:.1f} s",
                f"<= {READY_S:.0f} s",
                seconds <= READY_S,
                {"seconds": seconds, "functions": functions, "load": load, "cpu_s": cpu},
            ),
            Row(
                "memory of functions and emulators",
                f"{total:.2f} GB",
                f"<= {MEMORY_GB:.0f} GB",
                total <= MEMORY_GB,
                {"gb": total, "by": memory},
            ),
        ),
        (
            f"Processor seconds until then (on a busy machine only these count): {spent}.",
            f"GB, proportional (pages that processes share are divided): {each}.",
        ),
    )


def _ready(process: subprocess.Popen[bytes], port: int, output: Path) -> int:
    """How many functions there are, once every one has answered."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return len(json.load(answer)["functions"])
        except OSError:
            time.sleep(0.05)
    raise EmulatorNotAvailable(f"dev --emulators: {output.read_text()[-600:].strip()}")


def _used(pid: int) -> tuple[dict[str, float], dict[str, float]]:
    """Gigabytes and processor seconds of a process and all below it, by what they are."""
    below, seconds = defaultdict(list), {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        below[int(fields[1])].append(int(stat.parent.name))
        ticks = sum(map(int, fields[11:15]))  # its own, and those of its children that have ended
        seconds[int(stat.parent.name)] = ticks / os.sysconf("SC_CLK_TCK")
    memory: dict[str, float] = defaultdict(float)
    cpu: dict[str, float] = defaultdict(float)
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting.extend(below[one])
        try:
            command = Path(f"/proc/{one}/cmdline").read_bytes()
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        kind = "Java" if b"java" in command else "functions" if b"--target" in command else "rest"
        pss = next(int(line.split()[1]) for line in rollup.splitlines() if line[:4] == "Pss:")
        memory[kind] += pss / 1e6
        cpu[kind] += seconds[one]
    return memory, cpu
