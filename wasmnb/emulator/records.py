"""What the emulator notes of each callback."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Record", "Reply"]


@dataclass(frozen=True)
class Reply:
    """An answer that a filter gave by itself."""

    status: int
    grpc_status: int | None
    details: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass
class Record:
    """One callback.

    Parameters
    ----------
    plugin : str
        Of whose VM.
    name : str
        Of the export.
    arguments : tuple of int
    returned : int or None
        None when it returns nothing, or did not return.
    calls : list of str
        What it called, with texts in place of addresses.
    log : list of (str, str)
        Level and text.
    instructions : int
        WebAssembly instructions that ran in it.
    trap : str
        Why it did not return; empty when it did.
    offsets : tuple of int
        Byte offsets of the frames in the module, innermost first.
    reply : Reply or None
    """

    plugin: str
    name: str
    arguments: tuple[int, ...] = ()
    returned: int | None = None
    calls: list[str] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    instructions: int = 0
    trap: str = ""
    offsets: tuple[int, ...] = ()
    reply: Reply | None = None
