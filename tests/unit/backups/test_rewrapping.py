"""A manifest under another key: everything else of it stays, and it opens as before."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest

from tests.simulation.reader import _mac as mac
from tests.unit.backups.locations import KEY, Stored, store
from toban.adapters.local.files.buckets import MemoryBucket
from toban.adapters.local.files.keys import SecretKeys
from toban.adapters.local.memory.store import MemorySecrets
from toban.backups.catalogue.datakeys import opened_by, same_but_key, wrapped_anew
from toban.backups.catalogue.manifest import ManifestKey, decode, encode
from toban.backups.catalogue.rebuild import FoundManifest, entries
from toban.backups.storage import layout
from toban.backups.watching.survey import KeySurvey, OpenQuestion, not_needed, survey
from toban.ports import Unavailable
from toban.ports.backup import Damaged, KeyUnavailable, WrappedKey

FROZEN = Path(__file__).parents[2] / "compat" / "backup_format_1" / "bucket"
KEYS = SecretKeys(MemorySecrets({"K": [(FROZEN.parent / "key").read_text()]}), "K")
ANOTHER = ManifestKey(key_id="k/2", wrapped=b"wrapped by another")


@pytest.fixture
def stored() -> Stored:
    return store(MemoryBucket("b"), "b-1", KEY)


def data(stored: Stored) -> bytes:
    return stored.bucket.read(stored.manifest_name)


def test_only_the_key_changes_and_it_is_authentic(stored):
    made = wrapped_anew(data(stored), ANOTHER, KEY, name=stored.manifest_name)

    asked = []

    def unwrap(key: WrappedKey, context: bytes) -> bytes:
        asked.append((key.key_id, key.wrapped, context))
        return KEY

    manifest, data_key = decode(made, unwrap, name=stored.manifest_name, encrypted=True)
    assert asked == [("k/2", ANOTHER.wrapped, b"toban backup b-1")]
    assert (manifest, data_key) == (msgspec.structs.replace(stored.manifest, key=ANOTHER), KEY)
    assert made == wrapped_anew(data(stored), ANOTHER, KEY, name=stored.manifest_name)


def test_what_is_not_authentic_is_not_signed_anew(stored):
    forged = encode(stored.manifest, bytes(32))
    with pytest.raises(Damaged, match="not authentic"):
        wrapped_anew(forged, ANOTHER, KEY, name=stored.manifest_name)


def test_what_a_newer_release_says_besides_is_not_lost(stored):
    file = json.loads(data(stored))
    body = json.dumps(file["manifest"] | {"later": 1}, separators=(",", ":"), ensure_ascii=False)
    newer = json.dumps(
        {
            "toban": file["toban"],
            "version": 1,
            "sha256": hashlib.sha256(body.encode()).hexdigest(),
            "hmac_sha256": mac(KEY, b"toban manifest v1", body.encode()),
        },
        separators=(",", ":"),
    )[:-1]
    newer = f'{newer},"manifest":{body}}}\n'
    assert decode(newer.encode(), opened_by(KEY), name=stored.manifest_name)[1] == KEY
    with pytest.raises(ValueError, match="newer release"):
        wrapped_anew(newer.encode(), ANOTHER, KEY, name=stored.manifest_name)


def test_what_the_first_release_has_written_can_be_wrapped_anew():
    made = 0
    for path in FROZEN.rglob("manifest.json"):
        name, data = str(path.relative_to(FROZEN)), path.read_bytes()
        manifest, data_key = decode(data, KEYS.unwrap, name=name)
        if data_key is not None:
            anew = wrapped_anew(data, ANOTHER, data_key, name=name)
            assert same_but_key(decode(anew, opened_by(data_key), name=name)[0], manifest)
            made += 1
    assert made >= 3


def test_two_manifests_are_of_one_backup_under_whichever_key(stored):
    manifest = stored.manifest
    other = msgspec.structs.replace(manifest, key=ANOTHER)
    assert same_but_key(manifest, other)
    assert not same_but_key(manifest, msgspec.structs.replace(manifest, key=None))
    assert not same_but_key(manifest, msgspec.structs.replace(other, attempt=2))
    (made,) = entries([FoundManifest("a", manifest), FoundManifest("b", other)], {})
    assert [copy.bucket for copy in made.copies] == ["a", "b"]


def test_a_manifest_that_is_not_encrypted_needs_no_data_key_and_gives_none(stored):
    with pytest.raises(KeyUnavailable, match="not encrypted"):
        decode(data(stored), opened_by(None), name=stored.manifest_name)


# --- which keys are needed ---------------------------------------------------------------------


class Buckets:
    """Two regions with the same backup in both."""

    def __init__(self) -> None:
        self.made = {name: store(MemoryBucket(name), "b-1", KEY) for name in ("a", "b")}
        self.away = ""

    def bucket(self, name: str) -> MemoryBucket:
        if name == self.away:
            raise Unavailable(f"{name} is out of reach")
        return self.made[name].bucket

    def put(self, name: str, content: bytes) -> None:
        self.made[name].alter(self.made[name].manifest_name, content)

    def survey(self) -> KeySurvey:
        return survey(("a", "b"), self)  # type: ignore[arg-type]


def test_every_region_is_asked_for_the_key_that_it_needs():
    two = Buckets()
    made = two.made["a"]
    two.put("a", wrapped_anew(data(made), ANOTHER, KEY, name=made.manifest_name))
    found = two.survey()
    assert found.keys == {"k/2": {"b-1": ["a"]}, "k/1": {"b-1": ["b"]}}
    assert (found.needed_by("k/1"), found.under("b-1")) == (["b-1"], {"k/1", "k/2"})
    assert not_needed(["k/2", "k/1", "k/0", "k/0"], ["k/2"], found, found.open) == ["k/0"]


def test_a_region_out_of_reach_keeps_every_key():
    two = Buckets()
    two.away = "b"
    found = two.survey()
    assert [(each.what, each.about) for each in found.open] == [("bucket", "b")]
    assert not_needed(["k/0"], [], found, found.open) == []


@pytest.mark.parametrize("where", [("a",), ("a", "b")])
def test_a_damaged_manifest_keeps_every_key_unless_another_is_whole(where):
    two = Buckets()
    for name in where:
        two.put(name, data(two.made[name])[:-30])
    found = two.survey()
    name = two.made["a"].location.prefix + layout.MANIFEST
    everywhere = len(where) == 2
    assert [each.about for each in found.open] == ([f"a/{name}", f"b/{name}"] if everywhere else [])


def test_what_has_no_manifest_needs_no_key():
    two = Buckets()
    for made in two.made.values():
        made.alter(made.manifest_name, None)
    assert (two.survey().keys, two.survey().open) == ({}, [])
    assert not_needed(["k/1"], ["k/2"], KeySurvey(), [OpenQuestion("taking", "b-2")]) == []
