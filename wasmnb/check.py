"""What ``%wasm_doctor`` reports: one row per thing that must work."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What was looked at, such as ``C++ compiler``.
    ok : bool
    detail : str
        What was found: a version, a path relative to the cache, the reason it does not work.
    hint : str
        The command that mends it; empty when nothing is to be mended.
    needed : bool
        False for what works without it: a language that nobody has chosen.
    """

    name: str
    ok: bool
    detail: str
    hint: str = ""
    needed: bool = True
