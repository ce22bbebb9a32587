"""
Redis' dump file: read key by key as it goes by, its checksum, its counts.

The format is what ``src/rdb.c`` and ``src/rdb.h`` of Redis write (versions 5 to 12, Redis 3 to
8). Values are not decoded, only measured, so that they can be handed to ``RESTORE`` as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import anycrc

from toban.ports.backup import Damaged, FormatUnchecked

_CRC = anycrc.Model("CRC64-REDIS")
_TAIL = 9
"""The end opcode and the checksum."""

EOF, SELECT, SECONDS, MILLISECONDS, RESIZE, AUX, FREQUENCY, IDLE = range(255, 247, -1)
MODULE_AUX, _OLD_FUNCTION, FUNCTION, SLOT_INFO = range(247, 243, -1)


def crc64(data: bytes, before: int = 0) -> int:
    """Redis' CRC-64 (Jones), going on from `before`."""
    return int(_CRC.calc(data, before))


class RdbTrailer:
    """The end of a dump: what comes before it is given back, the checksum is compared."""

    def __init__(self) -> None:
        self.crc = 0
        """Of everything given back so far."""
        self.size = 0
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return the next bytes; what is certainly not the end is given back."""
        self.size += len(data)
        data = self._held + data
        keep = max(0, len(data) - _TAIL)
        self._held = data[keep:]
        self.crc = crc64(data[:keep], self.crc)
        return data[:keep]

    @property
    def unsummed(self) -> bool:
        """Whether the server writes no checksums (``rdbchecksum no``: eight zero bytes)."""
        return self._held[1:] == bytes(8)

    def problem(self) -> str:
        """Return what is wrong now that everything was fed; empty: nothing."""
        if len(self._held) < _TAIL or self._held[0] != EOF:
            return "the dump has no end: it was cut off"
        stored = int.from_bytes(self._held[1:], "little")
        if stored and stored != crc64(self._held[:1], self.crc):
            return "the dump's checksum (CRC64) is not that of its content"
        return ""


class RdbEntry(NamedTuple):
    """One key."""

    db: int
    key: bytes
    """Empty unless names or keys are captured."""
    expires_ms: int | None
    """Unix time; None: never."""
    value: bytes
    """Type and content as they stand in the dump; empty unless captured."""


class RdbReader:
    """Walks through a dump. Memory: one piece, and with `capture` one value."""

    def __init__(
        self, pieces: Iterable[bytes], *, capture: bool = False, names: bool = False
    ) -> None:
        """`names`: entries have their keys, also without `capture`."""
        self.version = 0
        self.aux: dict[str, str] = {}
        self.functions: list[bytes] = []
        """Sources of the function libraries met so far (with `capture`)."""
        self.db = 0
        self._pieces = iter(pieces)
        self._capture = capture
        self._names = names or capture
        self._data = bytearray()
        self._at = 0
        self._mark: int | None = None
        self._kinds = self._measures()

    def entries(self) -> Iterator[RdbEntry]:
        """
        Yield every key. Ends normally at the end of the stream, which has to be that of the
        dump.

        Raises `Damaged` for what is no dump, `FormatUnchecked` for one of a newer Redis.
        """
        self.header()
        expires: int | None = None
        while (kind := self._byte()) != EOF:
            if kind < SLOT_INFO:
                yield self._entry(kind, expires)
                expires = None
            elif kind == MILLISECONDS:
                expires = int.from_bytes(self._take(8), "little", signed=True)
            elif kind == SECONDS:
                expires = int.from_bytes(self._take(4), "little", signed=True) * 1_000
            else:
                self._other(kind)
        if self.version >= 5:
            self._skip(8)
        if self._at < len(self._data) or any(self._pieces):
            raise Damaged("the dump ends before the stream does")

    def header(self) -> None:
        """The first bytes; `version` is known then."""
        magic = self._take(9)
        if not magic.startswith(b"REDIS") or not magic[5:].isdigit():
            if magic.startswith(b"VALKEY"):
                raise FormatUnchecked("a dump of Valkey 9 or newer")
            raise Damaged("not a dump of a Redis: it does not begin with REDIS and a version")
        self.version = int(magic[5:])

    # --- parts of it -------------------------------------------------------------------------

    def _entry(self, kind: int, expires: int | None) -> RdbEntry:
        measure = self._kinds.get(kind)
        if measure is None:
            raise FormatUnchecked(
                f"a value of type {kind} in a dump of version {self.version}: not known here"
            )
        key = b""
        if self._names:
            key = self._string()
        else:
            self._skip_string()
        if not self._capture:
            measure()
            return RdbEntry(self.db, key, expires, b"")
        self._mark = self._at
        measure()
        value = bytes([kind]) + self._data[self._mark : self._at]
        self._mark = None
        return RdbEntry(self.db, key, expires, value)

    def _other(self, kind: int) -> None:
        if kind == SELECT:
            self.db = self._length()
        elif kind == RESIZE:
            self._length(), self._length()
        elif kind == AUX:
            name, value = self._string(), self._string()
            self.aux[name.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        elif kind == FREQUENCY:
            self._skip(1)
        elif kind == IDLE:
            self._length()
        elif kind == FUNCTION:
            code = self._string()
            if self._capture:
                self.functions.append(code)
        elif kind == MODULE_AUX:
            self._module()
        elif kind == SLOT_INFO:
            self._length(), self._length(), self._length()
        else:
            raise FormatUnchecked(f"opcode {kind} in a dump of version {self.version}")

    def _measures(self) -> dict[int, Callable[[], None]]:
        one = self._skip_string
        return {
            0: one,
            1: lambda: self._skip_strings(self._length()),
            2: lambda: self._skip_strings(self._length()),
            3: self._old_sorted_set,
            4: lambda: self._skip_strings(2 * self._length()),
            5: self._sorted_set,
            7: self._module,
            **dict.fromkeys((9, 10, 11, 12, 13, 16, 17, 20), one),
            14: lambda: self._skip_strings(self._length()),
            15: lambda: self._stream(1),
            18: self._quick_list,
            19: lambda: self._stream(2),
            21: lambda: self._stream(3),
            24: self._expiring_hash,
            25: self._expiring_small_hash,
        }

    def _old_sorted_set(self) -> None:
        for _ in range(self._length()):
            self._skip_string()
            size = self._byte()
            self._skip(size if size < 253 else 0)  # 253 to 255: not a number and the infinities

    def _sorted_set(self) -> None:
        for _ in range(self._length()):
            self._skip_string()
            self._skip(8)

    def _quick_list(self) -> None:
        for _ in range(self._length()):
            self._length()
            self._skip_string()

    def _expiring_small_hash(self) -> None:
        self._skip(8)
        self._skip_string()

    def _expiring_hash(self) -> None:
        self._skip(8)
        for _ in range(self._length()):
            self._length()
            self._skip_strings(2)

    def _stream(self, version: int) -> None:
        self._skip_strings(2 * self._length())
        self._lengths(3 if version == 1 else 8)  # length, last id; first and deleted id, added
        for _ in range(self._length()):
            self._skip_string()
            self._lengths(2 if version == 1 else 3)  # last id; entries read
            for _ in range(self._length()):
                self._skip(24)  # id, time
                self._length()
            for _ in range(self._length()):
                self._skip_string()
                self._skip(8 if version < 3 else 16)  # seen; active
                self._skip(16 * self._length())

    def _module(self) -> None:
        self._length()  # the module's id
        while code := self._length():
            if code in {1, 2}:
                self._length()
            elif code in {3, 4}:
                self._skip(4 if code == 3 else 8)
            elif code == 5:
                self._skip_string()
            else:
                raise Damaged(f"opcode {code} in a module's value")

    # --- bytes -------------------------------------------------------------------------------

    def _more(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise Damaged("the dump ends in the middle: it was cut off")
        keep = self._at if self._mark is None else self._mark
        del self._data[:keep]
        self._data += piece
        self._at -= keep
        if self._mark is not None:
            self._mark = 0

    def _byte(self) -> int:
        while self._at >= len(self._data):
            self._more()
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        while len(self._data) - self._at < size:
            self._more()
        self._at += size
        return bytes(self._data[self._at - size : self._at])

    def _skip(self, size: int) -> None:
        missing = size - (len(self._data) - self._at)
        while missing > 0:
            if self._mark is None:
                self._at = len(self._data)
                size = missing
            self._more()
            missing = size - (len(self._data) - self._at)
        self._at += size

    def _lengths(self, count: int) -> None:
        for _ in range(count):
            self._length()

    def _length(self) -> int:
        size, encoded = self._size()
        if encoded:
            raise Damaged("a length where none can be")
        return size

    def _size(self) -> tuple[int, bool]:
        first = self._byte()
        high = first >> 6
        if high == 0:
            return first, False
        if high == 1:
            return (first & 0x3F) << 8 | self._byte(), False
        if high == 3:
            return first & 0x3F, True
        if first in {0x80, 0x81}:
            return int.from_bytes(self._take(4 if first == 0x80 else 8), "big"), False
        raise Damaged("a length where none can be")

    def _skip_string(self) -> None:
        size, encoded = self._size()
        if not encoded:
            self._skip(size)
        elif size < 3:
            self._skip(1 << size)
        elif size == 3:
            packed = self._length()
            self._length()
            self._skip(packed)
        else:
            raise Damaged("a string in an encoding that does not exist")

    def _skip_strings(self, count: int) -> None:
        """The same many times; short ones inside the piece without a call each."""
        while count:
            data, at, end = self._data, self._at, len(self._data) - 64
            while count and at < end and data[at] < 0x40:
                at += data[at] + 1
                count -= 1
            self._at = at
            if count:
                self._skip_string()
                count -= 1

    def _string(self) -> bytes:
        size, encoded = self._size()
        if not encoded:
            return self._take(size)
        if size < 3:
            number = int.from_bytes(self._take(1 << size), "little", signed=True)
            return str(number).encode()
        if size != 3:
            raise Damaged("a string in an encoding that does not exist")
        packed, plain = self._length(), self._length()
        return unpack(self._take(packed), plain)


def unpack(packed: bytes, size: int) -> bytes:
    """Decompress LZF (liblzf, ``lzf_d.c``); raises `Damaged` when it is not `size` bytes."""
    out, at = bytearray(), 0
    try:
        while at < len(packed):
            control = packed[at]
            at += 1
            if control < 32:
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[at]
                at += 1
            start = len(out) - ((control & 0x1F) << 8 | packed[at]) - 1
            at += 1
            if start < 0 or len(out) > size:
                raise Damaged("a compressed string is broken")
            for step in range(start, start + length + 2):  # may overlap what it writes
                out.append(out[step])
    except IndexError:
        raise Damaged("a compressed string is broken") from None
    if len(out) != size:
        raise Damaged("a compressed string is broken")
    return bytes(out)
