"""Whose damage it is, when a backup builds on others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.backups.test_clock_ahead import NOW, backup
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.backups.catalogue.reading import (
    BaseDamaged,
    CopyOpener,
    NoManifest,
    OpenedCopy,
    open_copy,
)
from toban.ports.backup import Damaged


def gone(backup_id: str) -> Any:
    raise Damaged(f"{backup_id}: part 3")


def opened(*needs: str) -> OpenedCopy:
    manifest: Any = SimpleNamespace(needs=list(needs))
    location: Any = SimpleNamespace(bucket=None)
    return OpenedCopy(manifest, location, gone)


def fetched(copy: OpenedCopy, backup_id: str) -> list[bytes]:
    ref: Any = SimpleNamespace(backup_id=backup_id)
    return list(copy.fetch(ref))


def test_damage_of_a_base_is_the_bases_and_its_own_is_its_own():
    with pytest.raises(BaseDamaged, match="base: part 3") as of_base:
        fetched(opened("base"), "base")
    assert of_base.value.backup_id == "base"
    with pytest.raises(Damaged) as own:
        fetched(opened("base"), "itself")
    assert not isinstance(own.value, BaseDamaged)


def test_a_base_whose_manifest_is_not_there_is_named():
    with pytest.raises(BaseDamaged) as found:
        opened("base").find_base("base")
    assert found.value.backup_id == "base"


def test_a_copy_without_manifest_is_none():
    resources: Any = SimpleNamespace(bucket=MemoryBuckets())
    with pytest.raises(NoManifest, match="is missing"):
        open_copy(CopyOpener(resources), backup(NOW, prefix="x/"), "b", "")
