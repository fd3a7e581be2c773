"""The one layer of a compat image: a tar in gzip, written always alike, and read without harm.

Form: OCI image specification v1.1, ``layer.md``; POSIX.1-1988 ustar; RFC 1951 and 1952. The file in it is called
``plugin.wasm`` (Wasm artifact image specification, "compat" variant).

The gzip stream holds *stored* blocks, no compressed ones: what a deflate encoder makes of the same bytes differs from
one zlib to the next (zlib, zlib-ng and their versions), and with it would the digest of the image. Stored blocks have
one form only. They cost the room that compression would save, as the raw module of the two-layer artifact does too.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from wasmnb.errors import ImageError
from wasmnb.image.layout import MAX_BLOB
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PLUGIN", "RUNTIME", "NoPluginError", "modules", "pack", "tar", "unpack"]

PLUGIN = "plugin.wasm"
RUNTIME = "runtime-config.json"

_BLOCK = 512
_STORED = 0xFFFF
_CHUNK = 256 * 1024
_MAX_TAR = 2 * MAX_BLOB
_MAX_EXTRA = 1024 * 1024  # of one extended header
_MAX_MEMBERS = 100_000
_MODULE, _MAGIC = ".wasm", b"\0asm"
_HINT = Wording("package the module again: `{}`", Verb("build", ("precompiled", "FILE.wasm")))
_PAX = re.compile(rb"(\d{1,10}) ([^=\n]{1,256})=")


class NoPluginError(ImageError):
    """An image was read to its end, and there is no module in it."""

    code = "WNB3021"


def tar(files: Mapping[str, bytes]) -> bytes:
    """Put files into a tar, in the given order, with nothing of this machine in their headers."""
    from tarfile import USTAR_FORMAT, TarInfo  # noqa: PLC0415 - few images are compat images

    parts = []
    for name, data in files.items():
        info = TarInfo(name)
        info.size, info.mode, info.mtime, info.uid, info.gid = len(data), 0o644, 0, 0, 0
        parts += [info.tobuf(USTAR_FORMAT), data, bytes(-len(data) % _BLOCK)]
    return b"".join([*parts, bytes(2 * _BLOCK)])


def pack(data: bytes) -> bytes:
    """Wrap bytes in gzip without compressing them: no time, no name, no system in the header, stored blocks only."""
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for start in range(0, max(len(data), 1), _STORED):
        block = data[start : start + _STORED]
        last = start + _STORED >= len(data)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join([*parts, struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)])


def unpack(layer: bytes, *, zipped: bool = True) -> bytes:
    """Give the ``plugin.wasm`` of a layer, wherever in it; nothing else of the layer is kept.

    Parameters
    ----------
    layer : bytes
        A tar in gzip; any bytes.
    zipped : bool
        False for a bare tar.

    Returns
    -------
    bytes
        At most 256 MiB, Istio's limit.

    Raises
    ------
    ImageError
        It is damaged or too large, has no ``plugin.wasm`` or several, or it is a link or outside the image's root.
    """
    reader = _Reader(_inflate(layer) if zipped else iter([layer]))
    found: tuple[str, bytes] | None = None
    for name, size, is_file in _members(reader):
        if name.rpartition("/")[2] != PLUGIN:
            continue
        if name.startswith("/") or ".." in name.split("/"):
            raise _refused(f"its {PLUGIN} is called {name!r}, which is outside the image")
        if not is_file:
            raise _refused(f"its {PLUGIN} is not a file, but a link, a folder or a device")
        if found is not None:
            raise _refused(f"it has two: {found[0]!r} and {name!r}; meshes take the first")
        if size > MAX_BLOB:
            raise _refused(f"its {PLUGIN} has {size:,} bytes; Istio takes at most {MAX_BLOB:,}")
        found = name, reader.take(size)
    if found is None:
        raise NoPluginError(f"The layer holds no {PLUGIN}.", hint=_HINT)
    return found[1]


def modules(layer: bytes, *, zipped: bool = True) -> dict[str, bytes]:
    """Give the WebAssembly modules of a layer, whatever they are called, by their paths in it.

    Raises
    ------
    ImageError
        It is damaged or too large.
    """
    reader = _Reader(_inflate(layer) if zipped else iter([layer]))
    found = {}
    for name, size, is_file in _members(reader):
        inside = not name.startswith("/") and ".." not in name.split("/")
        if is_file and inside and name.endswith(_MODULE) and size <= MAX_BLOB:
            data = reader.take(size)
            if data.startswith(_MAGIC):
                found[name.removeprefix("./")] = data
    return found


class _Reader:
    """The bytes of a tar, one after the other; never more of them in memory than were asked for, and one chunk."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = memoryview(b"")
        self._count = 0
        self.left = 0  # of the member's content, with its padding

    def take(self, size: int) -> bytes:
        """Give the next bytes of the member."""
        self.left -= size
        return b"".join(self._pieces(size))

    def header(self) -> bytes:
        """Skip what is left of a member, and give the block after it; empty at the end."""
        for _ in self._pieces(self.left):
            pass
        self.left = 0
        return b"".join(self._pieces(_BLOCK, may_end=True))

    def _pieces(self, size: int, *, may_end: bool = False) -> Iterator[memoryview]:
        wanted = size
        while wanted:
            if not self._buffer:
                self._buffer = memoryview(next(self._chunks, b""))
                if not self._buffer:
                    if may_end and wanted == size:
                        return
                    raise _refused("it ends too early")
                self._count += len(self._buffer)
                if self._count > _MAX_TAR:
                    raise _refused(f"it unpacks to more than {_MAX_TAR:,} bytes")
            piece = self._buffer[:wanted]
            self._buffer = self._buffer[len(piece) :]
            wanted -= len(piece)
            yield piece


def _inflate(layer: bytes) -> Iterator[bytes]:
    """Decompress piece by piece: a bomb costs one chunk at a time, until the reader has had enough."""
    rest, start = b"", 0
    stream = zlib.decompressobj(wbits=31)
    while rest or start < len(layer):
        if stream.eof:
            stream = zlib.decompressobj(wbits=31)
        if not rest:
            rest, start = layer[start : start + _CHUNK], start + _CHUNK
        try:
            chunk = stream.decompress(rest, _CHUNK)
        except zlib.error as error:
            raise _refused(f"it is not gzip, or damaged: {error}") from error
        rest = stream.unused_data if stream.eof else stream.unconsumed_tail
        if chunk:
            yield chunk
    while chunk := stream.decompress(b"", _CHUNK) if not stream.eof else b"":
        yield chunk
    if not stream.eof:
        raise _refused("it ends too early")


def _members(reader: _Reader) -> Iterator[tuple[str, int, bool]]:
    """Give name, size and whether it is a file, of each member; extended headers count for the one after them."""
    name, size = None, None
    for _ in range(_MAX_MEMBERS):
        block = reader.header()
        if not block.strip(b"\0"):
            return
        kind, own = block[156:157], _number(block[124:136])
        if _number(block[148:156]) != sum(block[:148]) + 8 * 32 + sum(block[156:]):
            raise _refused("a header of the tar is damaged")
        if kind in b"xgLK":
            content = _extended(reader, own)
            if kind == b"x":
                records = dict(_records(content))
                name, size = _text(records.get(b"path")) or name, _decimal(records.get(b"size"), size)
            elif kind == b"L":
                name = _text(content.rstrip(b"\0"))
            continue
        size = own if size is None else size
        # Links and devices have no content, whatever their size field says (POSIX ustar).
        reader.left = 0 if kind in b"123456" else size + -size % _BLOCK
        yield name or _own_name(block), size, kind in (b"0", b"\0", b"7")
        name, size = None, None
    raise _refused(f"it has more than {_MAX_MEMBERS:,} members")


def _extended(reader: _Reader, size: int) -> bytes:
    if size > _MAX_EXTRA:
        raise _refused(f"an extended header of the tar has {size:,} bytes")
    reader.left = size + -size % _BLOCK
    return reader.take(size)


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the keys and values of a pax header; a record is ``<length> <key>=<value>`` and a line end."""
    start = 0
    while start < len(content):
        match = _PAX.match(content, start)
        end = start + int(match[1]) if match else 0
        if not match or end > len(content) or end <= match.end():
            raise _refused("an extended header of the tar is damaged")
        yield match[2], content[match.end() : end - 1]
        start = end


def _decimal(text: bytes | None, otherwise: int | None) -> int | None:
    if text is None:
        return otherwise
    if not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - more digits are more bytes than there are
        raise _refused("an extended header of the tar is damaged")
    return int(text)


def _own_name(block: bytes) -> str:
    name = _text(block[:100].partition(b"\0")[0]) or ""
    prefix = _text(block[345:500].partition(b"\0")[0]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _number(text: bytes) -> int:
    """Read an octal number of a tar header, or GNU's binary form of a large one."""
    if text[0] & 0x80:
        return int.from_bytes(bytes([text[0] & 0x7F]) + text[1:], "big")
    digits = text.strip(b" \0")
    if digits and not re.fullmatch(rb"[0-7]+", digits):
        raise _refused("a header of the tar is damaged")
    return int(digits or b"0", 8)


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def _refused(why: str) -> ImageError:
    return ImageError(f"The layer holds no {PLUGIN} that can be used.", why=[why[:300]], hint=_HINT)
