"""What a file is when it is no WebAssembly module."""

from __future__ import annotations

__all__ = ["describe"]

_UNPACK = "unpack it, and give the .wasm file in it"
_LINK = "link it to a module first (the last step of the build)"
_NATIVE = "compile for a WebAssembly target (wasm32-wasip1), not for this machine"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "it is a gzip file", _UNPACK),
    (b"PK\x03\x04", "it is a zip file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "it is a zstd file", _UNPACK),
    (b"\xfd7zXZ\x00", "it is an xz file", _UNPACK),
    (b"BZh", "it is a bzip2 file", _UNPACK),
    (b"\x7fELF", "it is a native program or object (ELF)", _NATIVE),
    (b"\xcf\xfa\xed\xfe", "it is a native program or object (Mach-O)", _NATIVE),
    (b"\xca\xfe\xba\xbe", "it is a native program or object (Mach-O)", _NATIVE),
    (b"MZ", "it is a Windows program", _NATIVE),
    (b"!<arch>\n", "it is a static library", _LINK),
    (b"BC\xc0\xde", "it is LLVM bitcode", _LINK),
    (b"version https://git-lfs", "it is a Git LFS pointer, not the file itself", "fetch the file with 'git lfs pull'"),
    (b"<", "it is HTML or XML, perhaps an error page in place of a download", "download the file again"),
    (b"{", "it is JSON", "give the .wasm file itself; a manifest or a configuration is not a module"),
)
_CORE = b"\0asm\1\0\0\0"
_AGAIN = "build or download it again"


def describe(data: bytes) -> tuple[str, str]:
    """Say what a file is, and what to do with it.

    Parameters
    ----------
    data : bytes
        The file, or its first 512 bytes, which do not start as a WebAssembly core module does.

    Returns
    -------
    what, hint : str
        The end of a sentence, and a way out.
    """
    if not data:
        return "it is empty", "see whether the build wrote it, and whether the disk is full"
    if data.startswith(_CORE[:4]):
        return _other_version(data[4:8])
    for magic, what, hint in _MAGIC:
        if data.startswith(magic):
            return what, hint
    if data[257:262] == b"ustar":
        return "it is a tar archive", _UNPACK
    head = data[:512]
    if head.lstrip().startswith((b"(module", b"(component", b";;", b"(;")):
        return "it is WebAssembly text (.wat)", "turn it into the binary form with a tool such as wat2wasm"
    return _unknown(head)


def _other_version(version: bytes) -> tuple[str, str]:
    if version == b"\x0d\0\1\0":
        what = "it is a component (WebAssembly component model), and proxies load core modules"
        return what, "build a core module: target wasm32-wasip1, not wasm32-wasip2"
    if len(version) < len(_CORE) - 4:
        return "it ends within its first 8 bytes", _AGAIN
    return "its format version is unknown", "build it with a toolchain that writes WebAssembly version 1"


def _unknown(head: bytes) -> tuple[str, str]:
    if _CORE.startswith(head):
        return "it ends within its first 8 bytes", _AGAIN
    if b"\0" not in head:
        return "it looks like text", "give the compiled .wasm file, not its source"
    return "it starts with other bytes than '\\0asm'", "give the .wasm file that the compiler wrote"
