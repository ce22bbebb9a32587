"""Decoding a type for the first time in several threads at once (it once ended the process)."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import msgspec
import pytest

from toban.kernel import prepared
from toban.kernel.prepared import converted, from_json

THREADS_DECODE_NEW_TYPES = textwrap.dedent(
    """
    import sys, threading
    from toban.kernel.document import Document, decode

    SOURCE = '''
    import msgspec
    from toban.kernel.document import Document

    class Inner(msgspec.Struct):
        number: "int" = 0
        words: "list[str]" = []

    class Outer(Document, kw_only=True):
        one: "Inner | None" = None
        many: "list[Inner]" = []
    '''

    sys.setswitchinterval(1e-5)
    decoded = []
    for _ in range(30):
        names = {"__name__": "__main__"}
        exec(SOURCE, names)
        globals().update(names)
        cls, barrier = names["Outer"], threading.Barrier(8)

        def run():
            barrier.wait()
            decoded.append(decode(cls, {"id": "a", "many": [{"number": 2}]}).many[0].number)

        threads = [threading.Thread(target=run) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    print(len(decoded), set(decoded))
    """
)


def test_threads_that_decode_a_new_type_at_once_do_not_end_the_process():
    ended = subprocess.run(
        [sys.executable, "-c", THREADS_DECODE_NEW_TYPES],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": "shared"},
    )
    assert (ended.returncode, ended.stdout) == (0, "240 {2}\n"), ended.stderr


def test_a_type_is_analysed_once_and_before_it_is_used(monkeypatch):
    class Slip(msgspec.Struct):
        number: int = 0

    analysed: list[object] = []
    made = msgspec.json.Decoder

    def noting(kind):
        analysed.append(kind)
        return made(kind)

    monkeypatch.setattr(prepared.msgspec.json, "Decoder", noting)
    assert converted({"number": 2}, Slip) == Slip(2)
    assert analysed == [Slip]
    assert converted({"number": 3}, Slip) == Slip(3)
    assert analysed == [Slip], "as it was known already"
    assert from_json(b'{"number":4}', Slip) == from_json(b'{"number":4}', Slip) == Slip(4)
    assert analysed == [Slip, Slip], "its decoder, which is kept"


def test_text_is_read_as_a_number_only_where_that_is_asked_for():
    class Slip(msgspec.Struct):
        number: int

    assert converted({"number": "2"}, Slip, strict=False) == Slip(2)
    with pytest.raises(msgspec.ValidationError):
        converted({"number": "2"}, Slip)
