"""Several keys as one: the first wraps, and each is asked only for what is its own."""

from __future__ import annotations

import base64

import pytest

from tests.unit.sources.desk import GivenSecrets
from toban.adapters.google.storage.kms import KmsKeys
from toban.adapters.local.files.keys import SecretKeys
from toban.ports.backup import Keys, KeyUnavailable, WrappedKey
from toban.sources.key_ring import KeyRing

SECRETS = GivenSecrets(
    A=base64.b64encode(bytes(32)).decode(), B=base64.b64encode(bytes(range(32))).decode()
)
KMS = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
DATA_KEY = bytes(range(1, 33))


def nobody() -> object:
    raise AssertionError("Cloud KMS is not asked for what it did not wrap")


def made(reference: str) -> Keys:
    if reference.startswith("secret:"):
        return SecretKeys(SECRETS, reference.removeprefix("secret:"))
    return KmsKeys(reference, client=nobody)


def ring(*references: str) -> KeyRing:
    return KeyRing(references, made)


def test_the_first_wraps_and_each_opens_its_own():
    one = ring("secret:A", "secret:B").wrap(DATA_KEY, b"b1")
    other = ring("secret:B", "secret:A").wrap(DATA_KEY, b"b1")
    assert one.key_id != other.key_id
    for wrapped in (one, other):
        assert ring("secret:A", KMS, "secret:B").unwrap(wrapped, b"b1") == DATA_KEY
    with pytest.raises(KeyUnavailable, match="the secret A holds"):
        ring("secret:A", KMS).unwrap(other, b"b1")


def test_a_former_secret_that_is_gone_is_missed_only_by_what_is_under_it():
    wrapped = ring("secret:A").wrap(DATA_KEY, b"b1")
    assert ring("secret:A", "secret:GONE").unwrap(wrapped, b"b1") == DATA_KEY
    with pytest.raises(KeyUnavailable, match=r"secret B holds.*; the secret GONE is not set"):
        ring("secret:B", "secret:GONE").unwrap(wrapped, b"b1")


def test_a_key_of_another_project_is_never_asked():
    strange = WrappedKey(f"{KMS.replace('/p/', '/x/')}/cryptoKeyVersions/1", b"x")
    with pytest.raises(KeyUnavailable, match="the key is"):
        ring("secret:A", KMS).unwrap(strange, b"b1")
