"""A real Alertmanager (Debian's prometheus-alertmanager), for the same posts side by side."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from toban.local.emulated.emulators import free_port

_CONFIG = """
route: {receiver: nobody, group_by: [alertname]}
receivers: [{name: nobody}]
"""


def binary() -> str | None:
    """Where it is, if installed."""
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


@contextlib.contextmanager
def running() -> Iterator[int | None]:
    """Its port, or None where it is not installed. It keeps alerts in memory."""
    found = binary()
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="toban-bench-") as folder:
        config = Path(folder, "alertmanager.yml")
        config.write_text(_CONFIG)
        port = free_port()
        command = [found, f"--config.file={config}", f"--storage.path={folder}"]
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        command += ["--log.level=error"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_ready(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _wait_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2).close()
            return
        time.sleep(0.05)
    raise RuntimeError("the Alertmanager that is installed did not start")
