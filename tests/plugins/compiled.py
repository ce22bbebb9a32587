"""
Before workers start, every module is compiled once; otherwise each of them compiles all, at the same time.

Only in a tree that has not been tested before (CI's). Tests' modules are rewritten as pytest does;
where a new release does it in another way, this says so and the workers do it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from compileall import compile_dir, compile_file
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from _pytest.assertion import AssertionState, rewrite

ROOT = Path(__file__).parents[2]
PLACES = ("shared", "functions", "tests")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Compile what is not yet compiled."""
    del config
    if sys.dont_write_bytecode or all(kept(path).exists() for path in rewritten()):
        return
    command = [sys.executable, "-m", "tests.plugins.compiled"]
    subprocess.run(command, cwd=ROOT, check=False)


def rewritten() -> list[Path]:
    """The modules that pytest rewrites: tests, what they are given, and plugins."""
    tests = ROOT / "tests"
    found = [*tests.rglob("test_*.py"), *tests.rglob("conftest.py"), *tests.glob("plugins/*.py")]
    return [path for path in found if "bench" not in path.parts]


def kept(path: Path) -> Path:
    """Where pytest keeps a module that it has rewritten."""
    return rewrite.get_cache_dir(path) / (path.stem + rewrite.PYC_TAIL)


def rewrite_all(paths: list[Path]) -> None:
    """Rewrite them as the workers would."""
    config: Any = pytest.Config.fromdictargs({}, ["-p", "no:cacheprovider"])
    state = AssertionState(config, "rewrite")
    for path in paths:
        with contextlib.suppress(SyntaxError):  # the workers say where
            stat, code = rewrite._rewrite_test(path, config)
            kept(path).parent.mkdir(exist_ok=True)
            rewrite._write_pyc(state, code, stat, kept(path))


def compile_all() -> None:
    """Use every core."""
    cores = os.cpu_count() or 1
    paths = sorted(rewritten())
    with ProcessPoolExecutor(cores) as pool:
        jobs = [pool.submit(rewrite_all, paths[part::cores]) for part in range(cores)]
        jobs += [pool.submit(compile_dir, ROOT / place, quiet=2) for place in PLACES[:2]]
        plain = sorted({*(ROOT / "tests").rglob("*.py")} - set(paths))
        jobs += [pool.submit(_compiled, plain[part::cores]) for part in range(cores)]
        for job in jobs:
            job.result()


def _compiled(paths: list[Path]) -> None:
    for path in paths:
        compile_file(path, quiet=2)


if __name__ == "__main__":
    compile_all()
