"""A cursor that reads the numbers, names and vectors of the WebAssembly binary format."""

from __future__ import annotations

from wasmnb.errors import ModuleError

__all__ = ["MAX_FUNCTIONS", "MAX_ITEMS", "Reader", "malformed"]

# They bound what a hostile file makes us keep. A million is V8's own limit of types and functions
# (``src/wasm/wasm-limits.h``); with more than a hundred thousand exports, Envoy is busy for seconds.
MAX_ITEMS = 100_000
MAX_FUNCTIONS = 1_000_000

_HINT = "build the module again: the file may be cut off, or changed by a transfer in text mode"
_MORE = 0x80  # LEB128: another byte follows
_LOW = 0x7F


def malformed(why: str, at: int) -> ModuleError:
    """Give the error for a module that breaks the binary format at a byte."""
    return ModuleError("The WebAssembly module is malformed.", why=[f"byte {at:#x}: {why}"], hint=_HINT, code="WNB3004")


class Reader:
    """A cursor over a range of bytes that are never copied."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = start
        self.end = len(data) if end is None else end

    def byte(self) -> int:
        """Read one byte."""
        if self.pos >= self.end:
            raise malformed("it ends too early", self.pos)
        self.pos += 1
        return self.data[self.pos - 1]

    def leb(self, bits: int = 32) -> int:
        """Read an unsigned LEB128 number of at most ``bits`` bits."""
        start = self.pos
        byte = self.byte()
        if byte < _MORE:
            return byte
        value, shift = byte & _LOW, 7
        while byte & _MORE:
            byte = self.byte()
            value |= (byte & _LOW) << shift
            shift += 7
            if shift >= bits + 7 or value >> bits:
                raise malformed(f"a number does not fit {bits} bits", start)
        return value

    def count(self, most: int = MAX_ITEMS) -> int:
        """Read the length of a vector; each of its elements takes a byte or more, and that bounds it too."""
        start = self.pos
        count = self.leb()
        if count > self.end - self.pos:
            raise malformed(f"{count} elements are announced, more than there is room for", start)
        if count > most:
            raise malformed(f"{count} elements are announced, the most are {most}", start)
        return count

    def skip(self, size: int) -> int:
        """Pass over ``size`` bytes; give the position before them."""
        start = self.pos
        if size > self.end - start:
            raise malformed("it ends too early", start)
        self.pos = start + size
        return start

    def name(self, errors: str = "strict") -> str:
        """Read a name: a length, and UTF-8."""
        start = self.skip(self.leb())
        try:
            return self.data[start : self.pos].decode("utf-8", errors)
        except UnicodeDecodeError:
            raise malformed("a name is not UTF-8", start) from None

    def done(self) -> None:
        """Refuse bytes that are left over."""
        if self.pos != self.end:
            raise malformed("a section is longer than its content", self.pos)
