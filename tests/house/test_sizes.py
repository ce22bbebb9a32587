"""A file of 400 lines and a folder of over 2,000 without inner rooms are found."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by


@pytest.mark.parametrize("domain", ["kettles", "valves", "kettles/plans/inner"])
def test_a_long_file_is_found(domain: str):
    path = f"shared/toban/{domain}/rules.py"
    assert found_by("sizes", {path: "X = 1\n" * 399}) == []
    (found,) = found_by("sizes", {path: "X = 1\n" * 400})
    assert found.startswith(f"{path}: 400 lines")


@pytest.mark.parametrize("domain", ["kettles", "valves", "kettles/plans/inner"])
def test_a_room_without_inner_rooms_is_found(domain: str):
    files = {f"shared/toban/{domain}/m{n}.py": "X = 1\n" * 399 for n in range(5)}
    assert found_by("sizes", files) == []
    files[f"shared/toban/{domain}/m6.py"] = "X = 1\n" * 6
    (found,) = found_by("sizes", files)
    assert found.startswith(f"shared/toban/{domain}: 2001 lines")
    inner = {
        path.replace("/m", "/inner/m") if n % 2 else path: s
        for n, (path, s) in enumerate(files.items())
    }
    assert found_by("sizes", inner) == []
