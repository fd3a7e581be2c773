"""What a module says about itself, without running it."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ModuleError
from wasmnb.module.compatibility import Problem, abi_of, find_problems, find_remarks
from wasmnb.module.envoy_abi import ENVOY, HIGRESS, HIGRESS_ABI
from wasmnb.module.language import guess_language
from wasmnb.module.module import Module
from wasmnb.module.parse import MAX_BYTES, Export, Import, parse, too_large
from wasmnb.module.stamp import read_stamp
from wasmnb.wording import RELATIVE, joined

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 60

__all__ = ["CustomSection", "ModuleFacts", "Problem", "facts_rows", "load", "read"]


@dataclass(frozen=True)
class CustomSection:
    """A custom section's name and size in bytes."""

    name: str
    size: int


@dataclass(frozen=True)
class ModuleFacts:
    """What a module says about itself.

    Parameters
    ----------
    abi : str or None
        ``0.1.0``, ``0.2.0`` or ``0.2.1``, or ``0.2.100``, which Higress alone has; None when it names none of these.
    imports, exports : tuple
        In file order; ``str()`` of an import is ``module.name``.
    custom_sections : tuple of CustomSection
    size : int
        Bytes of the whole module.
    root_ids : tuple of str or None
        The root ids it registers, from our own note (`wasmnb.module.stamp`); None when it carries none.
    language : str or None
        ``cpp``, ``c``, ``rust``, ``go``, ``tinygo``, ``zig``, ``assemblyscript``; None when it does not tell.
    problems : tuple of Problem
        Why Envoy 1.40 would not load it, or would crash or hang. A module whose format is broken has this one problem.
    remarks : tuple of Problem
        What Envoy accepts and the author may not expect.
    readable : bool
        The bytes are a WebAssembly core module.
    """

    abi: str | None
    imports: tuple[Import, ...] = field(repr=False)
    exports: tuple[Export, ...] = field(repr=False)
    custom_sections: tuple[CustomSection, ...] = field(repr=False)
    size: int
    root_ids: tuple[str, ...] | None
    language: str | None
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    readable: bool = True

    @property
    def host(self) -> str:
        """Whose Envoy it is for: ``Envoy``, which is anybody's, or ``Higress``."""
        return HIGRESS if self.abi == HIGRESS_ABI else ENVOY

    @property
    def callbacks(self) -> tuple[str, ...]:
        """The exported Proxy-Wasm callbacks (``proxy_on_*``)."""
        return tuple(item.name for item in self.exports if item.kind == "func" and item.name.startswith("proxy_on_"))

    def to_dict(self) -> dict[str, Any]:
        """Give the facts as plain JSON values."""
        return {
            "abi": self.abi,
            "language": self.language,
            "root_ids": None if self.root_ids is None else list(self.root_ids),
            "size": self.size,
            "imports": [{"module": i.module, "name": i.name, "kind": i.kind} for i in self.imports],
            "exports": [{"name": e.name, "kind": e.kind} for e in self.exports],
            "custom_sections": [{"name": s.name, "size": s.size} for s in self.custom_sections],
            "problems": [problem.to_dict() for problem in self.problems],
            "remarks": [remark.to_dict() for remark in self.remarks],
        }


def facts_rows(facts: ModuleFacts) -> list[tuple[str, str]]:
    """Give the facts as rows of a name and a text, the form in which every face shows them."""
    root_ids = "not known" if facts.root_ids is None else ", ".join(repr(item) for item in facts.root_ids) or "none"
    rows = [
        ("ABI", facts.abi or "none that Envoy accepts"),
        ("language", facts.language or "not known"),
        ("root ids", root_ids),
        ("size", f"{facts.size:,} bytes"),
        ("callbacks", ", ".join(facts.callbacks) or "none"),
        ("imports", ", ".join(str(item) for item in facts.imports[:_SHOWN]) or "none"),
    ]
    if len(facts.imports) > _SHOWN:
        rows.append(("", f"and {len(facts.imports) - _SHOWN} more"))
    rows.extend(("problem", f"{item.what} Try: {item.hint}") for item in facts.problems)
    rows.extend(("remark", f"{item.what} Note: {item.hint}") for item in facts.remarks)
    return rows


def read(wasm: bytes) -> ModuleFacts:
    """Read what a module says about itself.

    Parameters
    ----------
    wasm : bytes
        Any bytes.

    Returns
    -------
    ModuleFacts
        Never raises: what is wrong is in ``problems``.
    """
    try:
        return _read(wasm)
    except ModuleError as error:
        problem = Problem(error.what, error.hint, error.why)
        return ModuleFacts(None, (), (), (), len(wasm), None, None, (problem,), readable=False)


def _read(wasm: bytes) -> ModuleFacts:
    binary = parse(wasm)
    binary.require_whole()
    language, root_ids = read_stamp(binary)
    language = language or guess_language(binary)
    return ModuleFacts(
        abi=abi_of(binary),
        imports=binary.imports,
        exports=binary.exports,
        custom_sections=tuple(CustomSection(item.name, item.size) for item in binary.customs),
        size=len(wasm),
        root_ids=root_ids,
        language=language,
        problems=find_problems(binary, language),
        remarks=find_remarks(binary),
    )


def load(path: Path, name: str) -> Module:
    """Read a module from a file.

    Parameters
    ----------
    path : pathlib.Path
        A ``.wasm`` file.
    name : str
        What to call the module; the file's name without its ending when empty.

    Returns
    -------
    Module

    Raises
    ------
    ModuleError
        There is no such file, it may not be read, is larger than 256 MiB (then it is not read at all), or is no
        WebAssembly module.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModuleError(f"{path} is not a regular file.", hint="give the path of a .wasm file")
        if status.st_size > MAX_BYTES:
            raise too_large(status.st_size)
        with path.open("rb") as file:
            wasm = file.read(MAX_BYTES + 1)
    except OSError as error:
        there = not isinstance(error, FileNotFoundError | NotADirectoryError)
        hint = "see that you may read it" if there else joined("give the path of a .wasm file", RELATIVE)
        raise ModuleError(f"{path} cannot be read.", why=[error.strerror or str(error)], hint=hint) from error
    try:
        parse(wasm)
    except ModuleError as error:
        raise ModuleError(f"{path}: {error.what}", why=error.why, hint=error.hint) from None
    return Module(name or path.stem, wasm)
