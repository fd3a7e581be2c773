"""The second noun of the pipeline: the bytes of a WebAssembly module, and the facts read from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.module.facts import ModuleFacts

__all__ = ["BuildRecord", "Module"]


@dataclass(frozen=True)
class BuildRecord:
    """How a module came about.

    Parameters
    ----------
    seconds : float
        Wall time of the build, or of finding the module in the cache.
    cached : bool
        Nothing was compiled.
    warnings : tuple
        Diagnostics (`wasmnb.compile.Diagnostic`) that did not stop the build.
    symbols : pathlib.Path or None
        The unstripped module in the cache: function names and line table for backtraces.
    stages : tuple of (str, float)
        Seconds per stage.
    read : tuple of str
        What was read outside of the filter's own files, by its paths.
    """

    seconds: float
    cached: bool
    warnings: tuple[object, ...] = ()
    symbols: Path | None = None
    stages: tuple[tuple[str, float], ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True)
class Module:
    """A Proxy-Wasm module.

    Parameters
    ----------
    name : str
    wasm : bytes
    build : BuildRecord or None
        None for a module that was not built here. Not part of equality: the bytes are the module.
    source : str
        The cell it was built from, for showing lines; empty when unknown.
    """

    name: str
    wasm: bytes = field(repr=False)
    build: BuildRecord | None = field(default=None, repr=False, compare=False)
    source: str = field(default="", repr=False, compare=False)

    @classmethod
    def load(cls, path: str | Path, *, name: str = "") -> Module:
        """Read a module from a ``.wasm`` file.

        Raises
        ------
        ModuleError
            The file is missing, too large (256 MiB, Istio's limit), or no WebAssembly module.
        """
        from wasmnb.module.facts import load  # noqa: PLC0415 - the noun does not need the parser

        return load(Path(path), name)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.wasm)

    @cached_property
    def digest(self) -> str:
        """Digest of the bare bytes; never to be used where an image digest is meant."""
        return "sha256:" + hashlib.sha256(self.wasm).hexdigest()

    @cached_property
    def facts(self) -> ModuleFacts:
        """What the bytes say: ABI, imports, exports, root ids, language, and what Envoy would refuse."""
        from wasmnb.module.facts import read  # noqa: PLC0415

        return read(self.wasm)

    def to_dict(self) -> dict[str, Any]:
        """Give the module as plain JSON values: its name, digest, facts and how it was built, without the bytes."""
        build = None
        if self.build is not None:
            build = {
                "seconds": self.build.seconds,
                "cached": self.build.cached,
                "stages": dict(self.build.stages),
                "warnings": [str(item) for item in self.build.warnings],
            }
        return {"name": self.name, "digest": self.digest, "build": build, **self.facts.to_dict()}
