"""
The backup pipe: how fast, and in how much memory.

Every way gets the same file from memory, interleaved, each in a process of its own: our pipe (zstd,
AES-256-GCM, SHA-256 of what goes in and what comes out, CRC32C), its two dear stages alone on one
thread, ``cp``, and ``zstd -3 | openssl enc -aes-256-ctr`` (openssl's command line has no GCM; it
hashes nothing). Then the pipe on 100 MB and on 2 GB that are made and thrown away.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.report import Row, Section, median, progress, spread
from toban.local.world import ROOT

ROUNDS = 7
MIB = 96
AIM = 0.8
SIZES = (100, 2_000)
"""MB of the streams whose memory is compared."""
_MEMORY = Path("/dev/shm")
_COMMAND = (
    "zstd -q -3 -c {file} | openssl enc -aes-256-ctr -K {key} -iv 00000000000000000000000000000000"
    " > /dev/null"
)


def run(rounds: int = ROUNDS, mib: int = MIB, sizes: tuple[int, int] = SIZES) -> Section:
    """Throughput on two kinds of data, then memory on two sizes."""
    rows = []
    room = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=room) as directory:
        for kind in ("jsonl", "random"):
            rows += _throughput(kind, rounds, mib, Path(directory))
    rows += [_memory(kind, sizes) for kind in ("jsonl", "random")]
    return Section(
        "Backup pipe: MB/s of plain data",
        rows,
        (
            f"Median (lowest to highest) of {rounds} interleaved rounds over {mib} MiB in memory.",
            "The ratio is taken within each round; stages run alone on one thread.",
            "By processor time: what one core alone would allow; hashing has a thread of its own.",
            "The command line is two processes; it makes no parts and no hashes.",
        ),
    )


def _throughput(kind: str, rounds: int, mib: int, directory: Path) -> list[Row]:
    file = directory / kind
    _work("make", kind, mib, file)
    bytes_ = file.stat().st_size
    rates: dict[str, list[float]] = {}
    ratios, by_cpu = [], []
    share = 0.0
    for number in range(rounds):
        progress(f"pipe: {kind}, round {number + 1} of {rounds}")
        took = {stage: _work(stage, kind, mib, file) for stage in ("zstd", "sha256", "pipe")}
        share = took["pipe"]["stored"] / bytes_
        seconds = {stage: answer["seconds"] for stage, answer in took.items()}
        seconds["copy"] = _command(["cp", str(file), str(directory / "copy")])
        shell = _COMMAND.format(file=file, key="ab" * 32)
        seconds["command line"] = _command(["sh", "-c", shell])
        for way, each in seconds.items():
            rates.setdefault(way, []).append(bytes_ / each / 1e6)
        ratios.append(max(seconds["zstd"], seconds["sha256"]) / seconds["pipe"])
        slowest_s = max(took["zstd"]["cpu_s"], took["sha256"]["cpu_s"])
        by_cpu.append(slowest_s / took["pipe"]["cpu_s"])
    file.unlink()
    slowest = min(("zstd", "sha256"), key=lambda stage: median(rates[stage]))
    against = median(rates["pipe"]) / median(rates["command line"])
    return [
        Row(
            f"{kind}: our pipe (stored: {share:.0%} of it)",
            f"{spread(rates['pipe'])} MB/s",
            data={"mb_per_s": rates["pipe"], "stored_share": share},
        ),
        Row(
            f"{kind}: against its slowest necessary stage ({slowest} alone,"
            f" {median(rates[slowest]):,.0f} MB/s)",
            f"{spread(ratios, 2)} x (by processor time {median(by_cpu):.2f} x)",
            f">= {AIM} x",
            median(ratios) >= AIM,
            {"ratios": ratios, "by_cpu": by_cpu, "zstd": rates["zstd"], "sha256": rates["sha256"]},
        ),
        Row(
            f"{kind}: zstd -3 | openssl on the command line",
            f"{spread(rates['command line'])} MB/s; ours {against:.2f} x",
            data={"mb_per_s": rates["command line"]},
        ),
        Row(
            f"{kind}: plain copy (cp within memory)",
            f"{spread(rates['copy'])} MB/s",
            data={"mb_per_s": rates["copy"]},
        ),
    ]


def _memory(kind: str, sizes: tuple[int, int]) -> Row:
    """Peak resident memory of cutting and reading back; the stream is made as it goes."""
    peaks = []
    for size in sizes:
        progress(f"pipe: memory with {size} MB of {kind}")
        peaks.append(_work("back", kind, size * 1_000_000 // (1024 * 1024))["rss_mib"])
    apart = max(peaks) / min(peaks) - 1
    small, large = sizes
    return Row(
        f"{kind}: peak memory of storing and reading back {small} MB and {large:,} MB",
        f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB ({apart:+.0%})",
        "within 20 %",
        apart <= 0.2,
        {"rss_mib": peaks},
    )


def _work(stage: str, kind: str, mib: int, file: Path | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.pipe_work", stage, kind, str(mib)]
    if file is not None:
        command.append(str(file))
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return answer


def _command(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began
