"""Header lines as Envoy keeps them, and as they cross the ABI."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HeaderMap", "pack", "unpack"]

_WORD = 4


class HeaderMap:
    """Lines in order; names are compared, and kept, in lower case.

    Parameters
    ----------
    lines : iterable of (bytes, bytes)
    """

    def __init__(self, lines: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self.lines = [(name.lower(), value) for name, value in lines]

    @classmethod
    def of(cls, lines: Iterable[tuple[str, str]]) -> HeaderMap:
        """Make one of texts."""
        return cls(
            (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")) for name, value in lines
        )

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Give the lines as texts."""
        return tuple(
            (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
            for name, value in self.lines
        )

    def get(self, name: bytes) -> bytes | None:
        """Give the first value of a name."""
        return next((value for key, value in self.lines if key == name.lower()), None)

    def add(self, name: bytes, value: bytes) -> None:
        """Add a line."""
        self.lines.append((name.lower(), value))

    def replace(self, name: bytes, value: bytes) -> None:
        """Put a value in the place of all that a name has: at the end, unless it is a pseudo header."""
        places = [index for index, (key, _) in enumerate(self.lines) if key == name.lower()]
        if places and name.startswith(b":"):
            self.lines[places[0]] = (name.lower(), value)
        else:
            self.remove(name)
            self.add(name, value)

    def remove(self, name: bytes) -> None:
        """Remove every line of a name."""
        self.lines = [line for line in self.lines if line[0] != name.lower()]

    @property
    def size(self) -> int:
        """Bytes of names and values, which is what Envoy gives as a map's size."""
        return sum(len(name) + len(value) for name, value in self.lines)

    def __len__(self) -> int:
        return len(self.lines)


def pack(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write lines as the ABI has them: count, lengths, then each text with a zero byte behind it."""
    many = list(lines)
    words = [len(many), *(length for name, value in many for length in (len(name), len(value)))]
    head = b"".join(word.to_bytes(_WORD, "little") for word in words)
    return head + b"".join(name + b"\0" + value + b"\0" for name, value in many)


def unpack(data: bytes) -> list[tuple[bytes, bytes]]:
    """Read what `pack` writes.

    Raises
    ------
    ValueError
        It is cut short.
    """
    if not data:
        return []
    words = [int.from_bytes(data[at : at + _WORD], "little") for at in range(0, len(data), _WORD)]
    count, at = words[0], _WORD * (1 + 2 * words[0])
    if at > len(data):
        raise ValueError("the lines are cut short")
    found = []
    for index in range(count):
        name, value = words[1 + 2 * index], words[2 + 2 * index]
        found.append((data[at : at + name], data[at + name + 1 : at + name + 1 + value]))
        at += name + value + 2
    if at > len(data):
        raise ValueError("the lines are cut short")
    return found
