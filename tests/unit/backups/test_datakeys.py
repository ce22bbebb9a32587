"""Data keys: wrapped by a secret, opened while it is rotated, and never done without."""

import base64
import hashlib
from collections.abc import Mapping

import pytest

from toban.adapters.local.files.keys import SecretKeys
from toban.backups.catalogue.datakeys import data_key_for, new_data_key
from toban.ports.backup import Keys, KeyUnavailable, WrappedKey

OLD, NEW = bytes(range(32)), bytes(range(100, 132))
DATA_KEY = bytes(range(200, 232))
CONTEXT = b"toban backup b-1"


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


class Values:
    """Secrets by name, the newest first."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def values(self, name: str) -> list[str]:
        return list(self._values.get(name, []))


def holder(*values: str) -> SecretKeys:
    return SecretKeys(Values({"BACKUP_KEY": list(values)}), "BACKUP_KEY")


def id_of(key: bytes) -> str:
    return "local:" + hashlib.sha256(key).hexdigest()[:16]


# --- a key of our own ------------------------------------------------------------------------


def test_a_wrapped_key_opens_again():
    wrapped = holder(text(NEW)).wrap(DATA_KEY, CONTEXT)
    assert wrapped.key_id == id_of(NEW)
    assert DATA_KEY not in wrapped.wrapped
    assert holder(text(NEW)).unwrap(wrapped, CONTEXT) == DATA_KEY


def test_wrapped_twice_it_never_looks_the_same():
    wrapped = {holder(text(NEW)).wrap(DATA_KEY, CONTEXT).wrapped for _ in range(20)}
    assert len(wrapped) == 20


def test_while_the_key_is_rotated_both_open_and_the_newest_wraps():
    before = holder(text(OLD)).wrap(DATA_KEY, CONTEXT)
    both = holder(text(NEW), text(OLD))
    assert both.unwrap(before, CONTEXT) == DATA_KEY
    assert both.wrap(DATA_KEY, CONTEXT).key_id == id_of(NEW)


def test_any_number_of_former_keys_opens_what_they_wrapped():
    former = [bytes([n]) * 32 for n in range(7)]
    wrapped = [holder(text(key)).wrap(DATA_KEY, CONTEXT) for key in former]
    secret = "\n".join([text(NEW), *map(text, former[:4])]) + "\n"
    ring = holder(secret, " ".join(map(text, former[4:])))
    assert [ring.unwrap(each, CONTEXT) for each in wrapped] == [DATA_KEY] * 7
    assert ring.wrap(DATA_KEY, CONTEXT).key_id == id_of(NEW)


def test_one_bad_key_among_several_is_said_and_not_shown():
    with pytest.raises(KeyUnavailable, match="BACKUP_KEY is not base64") as caught:
        holder(f"{text(NEW)} hunter2!").wrap(DATA_KEY, CONTEXT)
    assert "hunter2" not in str(caught.value)


def test_a_key_that_is_gone_is_named():
    before = holder(text(OLD)).wrap(DATA_KEY, CONTEXT)
    with pytest.raises(KeyUnavailable) as caught:
        holder(text(NEW)).unwrap(before, CONTEXT)
    assert id_of(OLD) in str(caught.value)
    assert id_of(NEW) in str(caught.value)


@pytest.mark.parametrize("context", [b"toban backup b-2", b""])
def test_a_key_of_another_backup_does_not_open(context):
    wrapped = holder(text(NEW)).wrap(DATA_KEY, CONTEXT)
    with pytest.raises(KeyUnavailable, match="does not open this data key"):
        holder(text(NEW)).unwrap(wrapped, context)


def test_every_altered_byte_is_noticed():
    wrapped = holder(text(NEW)).wrap(DATA_KEY, CONTEXT)
    for at in range(len(wrapped.wrapped)):
        altered = bytearray(wrapped.wrapped)
        altered[at] ^= 1
        with pytest.raises(KeyUnavailable, match="does not open"):
            holder(text(NEW)).unwrap(WrappedKey(wrapped.key_id, bytes(altered)), CONTEXT)
    for size in range(len(wrapped.wrapped)):
        with pytest.raises(KeyUnavailable, match="does not open"):
            holder(text(NEW)).unwrap(WrappedKey(wrapped.key_id, wrapped.wrapped[:size]), CONTEXT)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ([], "BACKUP_KEY is not set; make a key by: openssl rand -base64 32"),
        ([text(bytes(16))], "BACKUP_KEY has 16 bytes; it has to be 32 bytes"),
        (["not base64 at all! hunter2"], "BACKUP_KEY is not base64"),
        ([text(NEW), "hunter2"], "BACKUP_KEY"),
        (["ключ hunter2"], "BACKUP_KEY is not base64"),
    ],
)
def test_what_is_no_key_is_said_without_showing_it(values, wrong):
    with pytest.raises(KeyUnavailable, match=wrong) as caught:
        holder(*values).wrap(DATA_KEY, CONTEXT)
    shown = repr(caught.value) + repr(caught.value.__cause__)
    assert "hunter2" not in shown
    assert not any(value in shown for value in values)


def test_a_line_break_after_the_key_does_not_matter():
    wrapped = holder(text(NEW)).wrap(DATA_KEY, CONTEXT)
    assert holder(text(NEW) + "\n").unwrap(wrapped, CONTEXT) == DATA_KEY


# --- with a key configured nothing is unencrypted --------------------------------------------


def resources(*values: str):
    def keys(reference: str) -> Keys:
        assert reference == "secret:BACKUP_KEY"
        return holder(*values)

    return keys


def nobody(reference: str) -> Keys:
    raise AssertionError("no key is configured")


REFERENCE = "secret:BACKUP_KEY"


def test_a_backup_has_a_key_of_its_own_that_opens_later():
    one = new_data_key(REFERENCE, resources(text(NEW)), "b-1")
    other = new_data_key(REFERENCE, resources(text(NEW)), "b-2")
    assert one is not None
    assert other is not None
    assert len(one.plain) == 32
    assert one.plain != other.plain
    assert data_key_for(REFERENCE, resources(text(NEW)), "b-1", one.wrapped) == one.plain
    with pytest.raises(KeyUnavailable):
        data_key_for(REFERENCE, resources(text(NEW)), "b-2", one.wrapped)


def test_without_a_configured_key_there_is_none():
    assert new_data_key("", nobody, "b-1") is None
    assert data_key_for("", nobody, "b-1", None) is None


@pytest.mark.parametrize("values", [[], [text(bytes(5))], ["x"]])
def test_a_configured_key_that_cannot_be_used_stops_the_backup(values):
    with pytest.raises(KeyUnavailable):
        new_data_key(REFERENCE, resources(*values), "b-1")


def test_a_backup_that_began_without_a_key_does_not_go_on_when_one_is_configured():
    with pytest.raises(KeyUnavailable, match="began without encryption"):
        data_key_for(REFERENCE, resources(text(NEW)), "b-1", None)


def test_an_encrypted_backup_does_not_go_on_without_its_key():
    begun = new_data_key(REFERENCE, resources(text(NEW)), "b-1")
    assert begun is not None
    with pytest.raises(KeyUnavailable, match=f"encrypted under {id_of(NEW)}"):
        data_key_for("", nobody, "b-1", begun.wrapped)


def test_a_key_that_wraps_but_gives_back_another_is_found_out_at_once():
    class Careless:
        def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
            return WrappedKey("careless", b"")

        def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
            return bytes(32)

    with pytest.raises(KeyUnavailable, match="careless gave back another key"):
        new_data_key(REFERENCE, lambda _reference: Careless(), "b-1")


def test_a_data_key_is_not_shown():
    made = new_data_key(REFERENCE, resources(text(NEW)), "b-1", random=lambda size: DATA_KEY[:size])
    assert "plain" not in repr(made)
    assert repr(DATA_KEY)[2:-1] not in repr(made)
