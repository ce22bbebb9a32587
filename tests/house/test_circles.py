"""A circle of imports is found, at any depth."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "shared/toban/kettles/a.py": "from toban.valves.b import B\n",
                "shared/toban/valves/b.py": "import toban.kettles.a as x\n",
            },
            id="two domains",
        ),
        pytest.param(
            {
                "shared/toban/kettles/plans/a.py": "from toban.kettles.work.b import B\n",
                "shared/toban/kettles/work/b.py": "def f():\n    from toban.kettles.plans import a\n",
            },
            id="two inner rooms, in a function",
        ),
        pytest.param(
            {
                "shared/toban/kettles/a.py": "from toban.kettles.b import B as b\n",
                "shared/toban/kettles/b.py": "from toban.kettles.c import C\n",
                "shared/toban/kettles/c.py": "import importlib\n"
                "importlib.import_module('toban.kettles.a')\n",
            },
            id="three modules, one by name",
        ),
    ],
)
def test_a_circle_is_found(files: dict[str, str]):
    (found,) = found_by("circles", files)
    assert found.partition(":")[0] in files
    assert all(path in found for path in files)
