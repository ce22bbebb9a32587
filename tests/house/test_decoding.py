"""msgspec decodes in one module of the kernel; whoever does it elsewhere is found."""

from __future__ import annotations

import pytest

from tests.house.scratch import Trial, found_by, trials, unnoticed


@trials(
    Trial(
        "json",
        "import msgspec\ndef f(data):\n    return msgspec.json.decode(data, type=int)\n",
        "from msgspec.json import decode as read\ndef f(data):\n    return read(data, type=int)\n",
    ),
    Trial(
        "decoder",
        "import msgspec\nREADER = msgspec.json.Decoder(int)\n",
        "from msgspec import json as j\nREADER = j.Decoder(int)\n",
    ),
    Trial(
        "convert",
        "import msgspec\ndef f(data):\n    return msgspec.convert(data, int)\n",
        "import msgspec as m\nturn = m.convert\ndef f(data):\n    return turn(data, int)\n",
    ),
    Trial(
        "handed on as a whole",
        "import msgspec\ndef f(data, m=msgspec):\n    return m.json.decode(data)\n",
        "import msgspec as m\nclass C:\n    lib = m\n    def f(self, x):\n"
        "        return self.lib.convert(x, int)\n",
    ),
    Trial(
        "inside",
        "from msgspec._core import convert\n",
        "import msgspec._core as c\nX = c.JSONDecoder\n",
    ),
    Trial(
        "by a name", "import msgspec\nX = vars(msgspec)\n", "from msgspec import *\nX = convert\n"
    ),
    Trial(
        "handed on",
        "import msgspec\ndef f(data, how=msgspec.json):\n    return how.decode(data)\n",
        "from msgspec import msgpack as p\nWAYS = {'p': p}\n",
    ),
)
def test_decoding_elsewhere_is_found(files: dict[str, str]):
    assert unnoticed("decoding", files) == []


@pytest.mark.parametrize(
    "path", ["shared/toban/kernel/shiny.py", "shared/toban/cli/shiny.py", "functions/x/main.py"]
)
def test_it_is_found_wherever_it_stands(path: str):
    (found,) = found_by("decoding", {path: "import msgspec\nX = msgspec.convert\n"})
    assert found.startswith(f"{path}:2: msgspec.convert")


def test_encoding_and_prepared_types_are_for_everybody():
    source = (
        "import msgspec\nfrom toban.kernel.prepared import converted, decoder, from_json\n"
        "def f(x):\n    return from_json(msgspec.json.encode(converted(x, int)), int), decoder(int)\n"
    )
    assert found_by("decoding", {"shared/toban/kettles/rules.py": source}) == []
