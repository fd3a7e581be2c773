"""A maker of tiny modules, byte by byte: only what the tests of this folder ask for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VALUES = {"i": 0x7F, "l": 0x7E, "f": 0x7D, "d": 0x7C}
KINDS = {"func": 0, "table": 1, "memory": 2, "global": 3, "tag": 4}


def leb(number: int) -> bytes:
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def name(text: str) -> bytes:
    return leb(len(text.encode())) + text.encode()


def vector(items: Sequence[bytes]) -> bytes:
    return leb(len(items)) + b"".join(items)


def section(number: int, content: bytes) -> bytes:
    return bytes([number]) + leb(len(content)) + content


def custom(title: str, content: bytes) -> bytes:
    return section(0, name(title) + content)


def functype(signature: str) -> bytes:
    params, _, results = signature.partition(":")
    return b"\x60" + vector([bytes([VALUES[v]]) for v in params]) + vector([bytes([VALUES[v]]) for v in results])


def body(code: bytes) -> bytes:
    return leb(len(code) + 2) + b"\0" + code + b"\x0b"


# What functions of a signature do when nothing else is said: give 1 (a callback that agrees).
DEFAULT = {"": b"", "i": b"\x41\x01", "l": b"\x42\x01", "f": b"\x43\0\0\0\0", "d": b"\x44" + bytes(8)}


@dataclass(frozen=True)
class Wasm:
    """A module: imported functions, own functions (all exported unless the name is in `hidden`), one memory."""

    imports: tuple[tuple[str, str, str], ...] = ()
    functions: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, bytes] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    tag: str = ""
    memory: bool = True
    customs: tuple[tuple[str, bytes], ...] = ()
    raw_imports: tuple[bytes, ...] = ()

    def but(self, **change: object) -> Wasm:
        return replace(self, **change)

    def with_functions(self, **functions: str) -> Wasm:
        return replace(self, functions={**self.functions, **functions})

    def without(self, *names: str) -> Wasm:
        return replace(self, functions={k: v for k, v in self.functions.items() if k not in names})

    def index(self, function: str) -> int:
        return len(self.imports) + list(self.functions).index(function)

    def __bytes__(self) -> bytes:
        signatures = sorted(
            {s for _, _, s in self.imports} | set(self.functions.values()) | ({""} if self.tag else set())
        )
        at = signatures.index
        wanted = [name(m) + name(n) + b"\0" + leb(at(s)) for m, n, s in self.imports] + list(self.raw_imports)
        exported = [
            name(n) + b"\0" + leb(len(self.imports) + i) for i, n in enumerate(self.functions) if n not in self.hidden
        ]
        exported += [name("memory") + b"\x02\0"] * self.memory + [name(self.tag) + b"\x04\0"] * bool(self.tag)
        codes = [body(self.codes.get(n, DEFAULT[s.partition(":")[2]])) for n, s in self.functions.items()]
        return b"".join(
            (
                b"\0asm\1\0\0\0",
                section(1, vector([functype(s) for s in signatures])),
                section(2, vector(wanted)),
                section(3, vector([leb(at(s)) for s in self.functions.values()])),
                section(5, b"\x01\0\x01") if self.memory else b"",
                section(13, b"\x01\0" + leb(at(""))) if self.tag else b"",
                section(7, vector(exported)),
                section(10, vector(codes)),
                *(custom(*item) for item in self.customs),
            )
        )


def good(abi: str = "0_2_1") -> Wasm:
    """The least that Envoy takes."""
    return Wasm(functions={f"proxy_abi_version_{abi}": "", "malloc": "i:i"})
