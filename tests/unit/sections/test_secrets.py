"""Every secret that a profile's sections say they need is found at its place in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from toban.local.world import ROOT
from toban.sections.collect import secrets
from toban.sections.load import load_all, load_file
from toban.sections.secrets import places


@pytest.fixture(scope="module")
def loaded():
    items, findings = load_all(ROOT / "infra" / "services")
    assert findings == []
    return items


def test_each_has_a_path_whose_line_names_it(loaded, tmp_path):
    page = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
    example = tmp_path / "shop.yaml"  # it names a key by `secret:`
    example.write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    seen = 0
    for item in [*loaded, load_file(example)]:
        found = places(item.profile)
        assert set(found) == secrets(item.profile)
        for name, path in found.items():
            source = item.source.of(path)
            lines = Path(source.file).read_text(encoding="utf-8").splitlines()
            assert name in lines[source.line(path) - 1], (name, path)
            seen += 1
    assert seen > 10
