"""A circle of imports is found, at any depth."""

from __future__ import annotations

import pytest

from tests.house.scratch import found_by


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "shared/toban/deploys/a.py": "from toban.rollouts.b import B\n",
                "shared/toban/rollouts/b.py": "import toban.deploys.a as x\n",
            },
            id="two domains",
        ),
        pytest.param(
            {
                "shared/toban/deploys/plans/a.py": "from toban.deploys.work.b import B\n",
                "shared/toban/deploys/work/b.py": "def f():\n    from toban.deploys.plans import a\n",
            },
            id="two inner rooms, in a function",
        ),
        pytest.param(
            {
                "shared/toban/deploys/a.py": "from toban.deploys.b import B as b\n",
                "shared/toban/deploys/b.py": "from toban.deploys.c import C\n",
                "shared/toban/deploys/c.py": "import importlib\n"
                "importlib.import_module('toban.deploys.a')\n",
            },
            id="three modules, one by name",
        ),
    ],
)
def test_a_circle_is_found(files: dict[str, str]):
    (found,) = found_by("circles", files)
    assert found.partition(":")[0] in files
    assert all(path in found for path in files)
