"""Which language a module was written in, as far as it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import ModuleError

if TYPE_CHECKING:
    from wasmnb.module.parse import Binary

__all__ = ["guess_language"]

# Compilers and languages in the producers section (WebAssembly tool conventions), most telling first: a Rust or Go
# module may also name clang, for the C library that is linked in.
_PRODUCERS = (
    ("tinygo", "tinygo"),
    ("rustc", "rust"),
    ("rust", "rust"),
    ("go cmd/compile", "go"),
    ("go", "go"),
    ("assemblyscript", "assemblyscript"),
    ("zig", "zig"),
)
# What the AssemblyScript runtime exports; the second pair is that of its versions before 0.18.
_ASSEMBLYSCRIPT = ({"__pin", "__unpin"}, {"__retain", "__release"})


def guess_language(binary: Binary) -> str | None:
    """Guess the language of a module.

    Parameters
    ----------
    binary : Binary

    Returns
    -------
    str or None
        ``cpp``, ``c``, ``rust``, ``go``, ``tinygo``, ``zig``, ``assemblyscript``; None when the module does not tell.
    """
    if any(item.name in ("go.buildid", "go:buildid") for item in binary.customs):
        return "go"
    try:
        produced = _producers(binary)
    except ModuleError:  # hosts ignore this section, so a broken one is no reason to refuse the module
        produced = set()
    for word, language in _PRODUCERS:
        if word in produced:
            return language
    exported = {item.name for item in binary.exports}
    if any(pair <= exported for pair in _ASSEMBLYSCRIPT):
        return "assemblyscript"
    if any(word.startswith("c_plus_plus") for word in produced):
        return "cpp"
    return "c" if produced & {"c89", "c99", "c11", "c17", "c23"} else None


def _producers(binary: Binary) -> set[str]:
    """Give every language and tool that the producers section names, in lower case, without versions."""
    section = next((item for item in binary.customs if item.name == "producers"), None)
    if section is None:
        return set()
    reader = binary.reader(section.start, section.end)
    words = set()
    for _ in range(reader.count()):
        reader.name()
        for _ in range(reader.count()):
            words.add(reader.name().lower())
            reader.name()
    return words
