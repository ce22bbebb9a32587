"""Cloud KMS through Google's own client, against a key service that runs here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import google_crc32c
import grpc
import msgspec
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.cloud.kms_v1 import KeyManagementServiceClient, types
from google.cloud.kms_v1.services.key_management_service.transports import (
    KeyManagementServiceGrpcTransport,
)

from tests.unit.backups.locations import store
from toban.adapters.google.storage import kms
from toban.adapters.google.storage.kms import KmsKeys
from toban.adapters.local.files.buckets import MemoryBucket
from toban.backups.catalogue.datakeys import present_key, wrapped_anew
from toban.backups.catalogue.manifest import ManifestKey, decode, encode
from toban.ports import Unavailable
from toban.ports.backup import KeyUnavailable, WrappedKey

KEY = "projects/p/locations/asia-northeast1/keyRings/backups/cryptoKeys/shop"
FORMER = "projects/p/locations/asia-northeast1/keyRings/backups/cryptoKeys/former"
DATA_KEY = bytes(range(32))
CONTEXT = b"toban backup b-1"
crc = google_crc32c.value


class KeyService:
    """Encrypts and decrypts as the documentation says, with the faults that a test asks for."""

    def __init__(self) -> None:
        self.version = 1
        self.calls = 0
        self.fail: list[tuple[grpc.StatusCode, str]] = []
        """For the next calls, one each."""
        self.spoil: list[Any] = []
        """What to do to the next answers, one each."""
        self._keys: dict[str, AESGCM] = {}

    def _key(self, name: str) -> AESGCM:
        return self._keys.setdefault(name, AESGCM(os.urandom(32)))

    def destroy(self, version: int) -> None:
        """Nothing opens any more what a version has wrapped."""
        self._keys[f"{KEY}/cryptoKeyVersions/{version}"] = AESGCM(os.urandom(32))

    def _begin(self, context: grpc.ServicerContext) -> None:
        self.calls += 1
        if self.fail:
            context.abort(*self.fail.pop(0))

    def _spoilt(self, answer: Any) -> Any:
        if self.spoil:
            self.spoil.pop(0)(answer)
        return answer

    def encrypt(self, request: types.EncryptRequest, context: grpc.ServicerContext) -> Any:
        self._begin(context)
        bound = request.additional_authenticated_data
        if crc(request.plaintext) != request.plaintext_crc32c:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "plaintext_crc32c")
        if crc(bound) != request.additional_authenticated_data_crc32c:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "additional_authenticated_data_crc32c")
        version = f"{request.name}/cryptoKeyVersions/{self.version}"
        nonce = os.urandom(12)
        head = bytes([self.version]) + nonce
        ciphertext = head + self._key(version).encrypt(nonce, request.plaintext, bound)
        return self._spoilt(
            types.EncryptResponse(
                name=version,
                ciphertext=ciphertext,
                ciphertext_crc32c=crc(ciphertext),
                verified_plaintext_crc32c=True,
                verified_additional_authenticated_data_crc32c=True,
            )
        )

    def decrypt(self, request: types.DecryptRequest, context: grpc.ServicerContext) -> Any:
        self._begin(context)
        if crc(request.ciphertext) != request.ciphertext_crc32c:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "ciphertext_crc32c")
        version = f"{request.name}/cryptoKeyVersions/{request.ciphertext[0]}"
        nonce, sealed = request.ciphertext[1:13], request.ciphertext[13:]
        try:
            bound = request.additional_authenticated_data
            plain = self._key(version).decrypt(nonce, sealed, bound)
        except InvalidTag:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Decryption failed")
            raise
        return self._spoilt(types.DecryptResponse(plaintext=plain, plaintext_crc32c=crc(plain)))


def handlers(service: KeyService) -> grpc.GenericRpcHandler:
    """The service's methods with the library's own messages on the wire."""
    return grpc.method_handlers_generic_handler(
        "google.cloud.kms.v1.KeyManagementService",
        {
            "Encrypt": grpc.unary_unary_rpc_method_handler(
                service.encrypt, types.EncryptRequest.deserialize, types.EncryptResponse.serialize
            ),
            "Decrypt": grpc.unary_unary_rpc_method_handler(
                service.decrypt, types.DecryptRequest.deserialize, types.DecryptResponse.serialize
            ),
        },
    )


@pytest.fixture
def service() -> KeyService:
    return KeyService()


@pytest.fixture
def client(service: KeyService) -> Iterator[KeyManagementServiceClient]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([handlers(service)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield KeyManagementServiceClient(
            transport=KeyManagementServiceGrpcTransport(channel=channel)
        )
    server.stop(None).wait()


@pytest.fixture
def keys(client: KeyManagementServiceClient) -> KmsKeys:
    return KmsKeys(KEY, client=lambda: client)


def test_a_wrapped_key_opens_again(keys, service):
    wrapped = keys.wrap(DATA_KEY, CONTEXT)
    assert wrapped.key_id == f"{KEY}/cryptoKeyVersions/1"
    assert DATA_KEY not in wrapped.wrapped
    assert keys.unwrap(wrapped, CONTEXT) == DATA_KEY
    assert service.calls == 2


def test_what_an_earlier_version_wrapped_opens_after_a_rotation(keys, service):
    wrapped = keys.wrap(DATA_KEY, CONTEXT)
    service.version = 2
    assert keys.wrap(DATA_KEY, CONTEXT).key_id.endswith("/2")
    assert keys.unwrap(wrapped, CONTEXT) == DATA_KEY


def test_a_key_of_another_backup_or_a_damaged_one_does_not_open(keys):
    wrapped = keys.wrap(DATA_KEY, CONTEXT)
    with pytest.raises(KeyUnavailable, match="Decryption failed"):
        keys.unwrap(wrapped, b"toban backup b-2")
    damaged = wrapped.wrapped[:-1] + bytes([wrapped.wrapped[-1] ^ 1])
    with pytest.raises(KeyUnavailable, match="Decryption failed"):
        keys.unwrap(WrappedKey(wrapped.key_id, damaged), CONTEXT)


def test_a_key_that_the_profile_does_not_name_is_never_asked(keys, service, client):
    theirs = WrappedKey(f"{FORMER}/cryptoKeyVersions/1", b"anything")
    with pytest.raises(KeyUnavailable, match=r"was wrapped by .*former, and the key is .*shop"):
        keys.unwrap(theirs, CONTEXT)
    assert service.calls == 0


def test_a_former_key_still_opens_what_it_wrapped(client):
    before = KmsKeys(FORMER, client=lambda: client).wrap(DATA_KEY, CONTEXT)
    now = KmsKeys(KEY, former=(FORMER,), client=lambda: client)
    assert now.unwrap(before, CONTEXT) == DATA_KEY
    assert now.wrap(DATA_KEY, CONTEXT).key_id.startswith(KEY)


# --- answers and requests that are damaged on their way --------------------------------------


def _ciphertext(answer: types.EncryptResponse) -> None:
    answer.ciphertext = answer.ciphertext[:-1] + bytes([answer.ciphertext[-1] ^ 1])


def _unverified(answer: types.EncryptResponse) -> None:
    answer.verified_plaintext_crc32c = False


def _unverified_context(answer: types.EncryptResponse) -> None:
    answer.verified_additional_authenticated_data_crc32c = False


def _another_key(answer: types.EncryptResponse) -> None:
    answer.name = FORMER + "/cryptoKeyVersions/1"


ENCRYPTING = [_ciphertext, _unverified, _unverified_context, _another_key]


@pytest.mark.parametrize("spoil", ENCRYPTING)
def test_a_damaged_answer_is_asked_for_again(keys, service, spoil):
    service.spoil = [spoil]
    wrapped = keys.wrap(DATA_KEY, CONTEXT)
    assert service.calls == 2
    assert keys.unwrap(wrapped, CONTEXT) == DATA_KEY


@pytest.mark.parametrize("spoil", ENCRYPTING)
def test_answers_that_stay_damaged_are_not_believed(keys, service, spoil):
    service.spoil = [spoil] * 3
    with pytest.raises(Unavailable, match="CRC32C"):
        keys.wrap(DATA_KEY, CONTEXT)
    assert service.calls == 3


def test_a_data_key_damaged_on_its_way_back_is_not_used(keys, service):
    def plaintext(answer: types.DecryptResponse) -> None:
        answer.plaintext = bytes(32)

    wrapped = keys.wrap(DATA_KEY, CONTEXT)
    service.spoil = [plaintext]
    assert keys.unwrap(wrapped, CONTEXT) == DATA_KEY
    service.spoil = [plaintext] * 3
    with pytest.raises(Unavailable, match="CRC32C"):
        keys.unwrap(wrapped, CONTEXT)


# --- refusals and outages --------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.UNAUTHENTICATED,
    ],
)
def test_a_key_that_is_refused_is_unavailable_for_good(keys, service, status):
    service.fail = [(status, "says why")]
    with pytest.raises(KeyUnavailable, match=f"{KEY}: .*says why"):
        keys.wrap(DATA_KEY, CONTEXT)
    assert service.calls == 1
    service.fail = [(status, "says why")]
    with pytest.raises(KeyUnavailable, match="says why"):
        keys.unwrap(WrappedKey(KEY + "/cryptoKeyVersions/1", b"\x01" + bytes(40)), CONTEXT)


def test_a_short_outage_is_not_noticed(keys, service):
    service.fail = [(grpc.StatusCode.UNAVAILABLE, "busy")] * 2
    assert keys.unwrap(keys.wrap(DATA_KEY, CONTEXT), CONTEXT) == DATA_KEY


@pytest.mark.parametrize(
    "status", [grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED]
)
def test_what_may_work_later_is_tried_with_the_whole_delivery(keys, service, status):
    service.fail = [(status, "later")]
    with pytest.raises(Unavailable, match="later"):
        keys.wrap(DATA_KEY, CONTEXT)


def test_a_service_that_cannot_be_reached_is_unavailable(monkeypatch):
    monkeypatch.setattr(kms, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(kms, "_RETRY", kms._RETRY.with_timeout(0.5))
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        transport = KeyManagementServiceGrpcTransport(channel=channel)
        unreachable = KeyManagementServiceClient(transport=transport)
        with pytest.raises(Unavailable, match=KEY):
            KmsKeys(KEY, client=lambda: unreachable).wrap(DATA_KEY, CONTEXT)


def test_no_error_shows_a_data_key(keys, service):
    service.fail = [(grpc.StatusCode.PERMISSION_DENIED, "no")]
    with pytest.raises(KeyUnavailable) as caught:
        keys.wrap(DATA_KEY, CONTEXT)
    assert repr(DATA_KEY)[2:-1] not in repr(caught.value)


def test_a_data_key_wrapped_anew_needs_the_former_version_no_more(keys, service):
    made = store(MemoryBucket("b"), "b-1", DATA_KEY)
    wrapped = keys.wrap(DATA_KEY, b"toban backup b-1")
    manifest = msgspec.structs.replace(
        made.manifest, key=ManifestKey(key_id=wrapped.key_id, wrapped=wrapped.wrapped)
    )
    service.version = 2
    assert present_key(keys) == f"{KEY}/cryptoKeyVersions/2"

    fresh = keys.wrap(DATA_KEY, b"toban backup b-1")
    key = ManifestKey(key_id=fresh.key_id, wrapped=fresh.wrapped)
    name = made.manifest_name
    data = wrapped_anew(encode(manifest, DATA_KEY), key, DATA_KEY, name=name)
    service.destroy(1)

    assert decode(data, keys.unwrap, name=name)[1] == DATA_KEY
    with pytest.raises(KeyUnavailable) as gone:
        decode(encode(manifest, DATA_KEY), keys.unwrap, name=name)
    assert gone.value.key_id == f"{KEY}/cryptoKeyVersions/1"
