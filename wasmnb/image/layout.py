"""The files of an OCI image layout: blobs by digest, one index, and the locks that let several kernels share them.

Form: OCI image specification v1.1, ``image-layout.md``. A file is written under ``ingest/``, flushed to the disk and
renamed to its place, so that a crash leaves either nothing or the whole. Two locks, both taken back by the system when
their holder dies: ``index`` is held while ``index.json`` is read, changed and replaced; ``writers`` is shared by all
who write, and held alone by who sweeps out blobs that the index does not name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
from typing import IO, TYPE_CHECKING, Any

from wasmnb.errors import ImageError
from wasmnb.image.manifest import INDEX_TYPE, is_digest
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["MAX_BLOB", "NEW_FOLDER", "Layout"]

#: The most bytes of one blob that are read into memory: Istio's limit for a module.
MAX_BLOB = 256 * 1024 * 1024

#: What to do where the folder of a store cannot be used.
NEW_FOLDER = "give another folder, one that you may write to, such as in the environment variable WASMNB_STORE"

_CHUNK = 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_EMPTY: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}


class Layout:
    """An OCI image layout in a folder.

    Parameters
    ----------
    root : pathlib.Path
        Made, and made a layout, when it is not yet.

    Raises
    ------
    ImageError
        The folder may not be written, or the disk is full.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs" / "sha256"
        self._ingest = root / "ingest"
        with self.disk_errors():
            self._blobs.mkdir(parents=True, exist_ok=True)
            self._ingest.mkdir(exist_ok=True)
        if not all((root / name).exists() for name in ("index.json", "oci-layout")):
            self._make()

    # -- blobs ----------------------------------------------------------------------------------------------------

    def path(self, digest: str) -> Path:
        """Give where a blob is, or would be."""
        if not is_digest(digest):
            raise ImageError(
                f"{digest[:100]!r} is not a digest.", hint="a digest is 'sha256:' and 64 hexadecimal digits"
            )
        return self._blobs / digest.partition(":")[2]

    def size(self, digest: str) -> int | None:
        """Give a blob's size in bytes; None when it is not here."""
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._cannot(error) from error

    def digests(self) -> Iterator[str]:
        """Give the digests of all blobs."""
        for entry in os.scandir(self._blobs):
            if is_digest(f"sha256:{entry.name}"):
                yield f"sha256:{entry.name}"

    def put(self, chunks: Iterable[bytes], digest: str, size: int | None = None) -> None:
        """Write a blob; nothing stays when its bytes are not those of its digest, or not as many as ``size``.

        Raises
        ------
        ImageError
            They are not; or the disk is full. What ``chunks`` raises goes through.
        """
        final = self.path(digest)
        temporary = self._ingest / os.urandom(16).hex()
        hashed, count = hashlib.sha256(), 0
        try:
            with self._created(temporary) as file:
                for chunk in chunks:
                    count += len(chunk)
                    if size is not None and count > size:
                        break
                    hashed.update(chunk)
                    with self.disk_errors():
                        _write(file, chunk)
                if f"sha256:{hashed.hexdigest()}" != digest or (size is not None and count != size):
                    raise _mismatch(digest, size, hashed.hexdigest(), count)
                with self.disk_errors():
                    os.fsync(file.fileno())
            with self.disk_errors():
                temporary.replace(final)
                _sync(self._blobs)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, digest: str) -> IO[bytes]:
        """Open a blob for reading; its content is not checked.

        Raises
        ------
        ImageError
            It is not here.
        """
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise ImageError(
                f"The store has no blob {digest}.",
                hint="the image is not complete here: build or pull it again",
                code="WNB3023",
            ) from None
        except OSError as error:
            raise self._cannot(error) from error

    def hash(self, digest: str) -> bool:
        """Tell whether a blob holds what its name says; False also when it is not here."""
        hashed = hashlib.sha256()
        with contextlib.suppress(FileNotFoundError), self.path(digest).open("rb") as file:
            while chunk := file.read(_CHUNK):
                hashed.update(chunk)
            return f"sha256:{hashed.hexdigest()}" == digest
        return False

    def drop(self, digest: str) -> int:
        """Delete a blob, and give the bytes that are free now."""
        size = self.size(digest) or 0
        self.path(digest).unlink(missing_ok=True)
        return size

    def sweep(self) -> int:
        """Delete what a crash left half written, while nobody else writes (`alone`); give the bytes freed."""
        freed = 0
        for path in self._ingest.iterdir():
            freed += path.stat().st_size
            path.unlink()
        return freed

    # -- index ----------------------------------------------------------------------------------------------------

    def entries(self) -> list[dict[str, Any]]:
        """Read the index's descriptors, without a lock: a reader sees the old index or the new one.

        Raises
        ------
        ImageError
            The index is damaged.
        """
        try:
            entries = json.loads((self.root / "index.json").read_bytes())["manifests"]
            sound = isinstance(entries, list) and all(is_digest(item["digest"]) for item in entries)
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        except OSError as error:
            raise self._cannot(error) from error
        if not sound:
            raise ImageError(
                "The index of the image store is damaged.", hint=Wording("{} mends it", Verb("doctor")), code="WNB3023"
            )
        return list(entries)

    @contextlib.contextmanager
    def changing(self, entries: list[dict[str, Any]] | None = None) -> Iterator[list[dict[str, Any]]]:
        """Give the index's descriptors as a list to change; the index is replaced when the block ends without error.

        Parameters
        ----------
        entries : list of dict, optional
            Start from these, and not from what is in the index.
        """
        with self.writing(), self._locked("index", fcntl.LOCK_EX):
            before = None if entries is not None else self.entries()
            after = [dict(item) for item in entries or before or ()]
            yield after
            if after != before:
                with self.disk_errors():
                    self._replace(self.root / "index.json", _json({**_EMPTY, "manifests": after}))

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep blobs from being swept out while the block runs; any number may hold this at once."""
        with self._locked("writers", fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Give True with nobody else writing while the block runs; False at once when somebody is."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._locked("writers", fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def _make(self) -> None:
        with self.writing(), self._locked("index", fcntl.LOCK_EX), self.disk_errors():
            if not (self.root / "index.json").exists():
                self._replace(self.root / "index.json", _json(_EMPTY))
            self._replace(self.root / "oci-layout", _LAYOUT)

    # -- files ----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def disk_errors(self) -> Iterator[None]:
        """Turn what the disk says into an error that says what to do."""
        try:
            yield
        except OSError as error:
            raise self._cannot(error) from error

    def _cannot(self, error: OSError) -> ImageError:
        if error.errno in _FULL:
            return ImageError(
                "The image store's disk is full; nothing half written stays.",
                why=[error.strerror or str(error)],
                hint=Wording("make room with {}, or name another folder in WASMNB_STORE", Verb("rm")),
                code="WNB3024",
            )
        return ImageError(
            "The image store cannot be used.",
            why=[str(error)],
            hint=NEW_FOLDER,
            code="WNB3024",
        )

    @contextlib.contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        with self.disk_errors():
            file = (self.root / f".{name}.lock").open("ab")
        with file:
            fcntl.flock(file, how)
            yield

    @contextlib.contextmanager
    def _created(self, path: Path) -> Iterator[IO[bytes]]:
        """Open a new file with the mode the user's umask gives, and close it whatever the disk says."""
        with self.disk_errors():
            file = path.open("xb", buffering=0)
        with file:
            yield file

    def _replace(self, final: Path, data: bytes) -> None:
        temporary = self._ingest / os.urandom(16).hex()
        try:
            with temporary.open("xb", buffering=0) as file:
                _write(file, data)
                os.fsync(file.fileno())
            temporary.replace(final)
            _sync(final.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _write(file: IO[bytes], data: bytes) -> None:
    """Write all of it: an unbuffered file may take less at a time, and a buffered one would try again when closed."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _sync(folder: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _mismatch(digest: str, size: int | None, found: str, count: int) -> ImageError:
    wanted = digest if size is None else f"{digest} ({size:,} bytes)"
    got = f"more than {size:,} bytes" if size is not None and count > size else f"sha256:{found} ({count:,} bytes)"
    return ImageError(
        "A blob is not what its digest says; it was deleted.",
        why=[f"wanted {wanted}", f"got    {got}"],
        hint="it was cut or changed on its way: try again",
        code="WNB3023",
    )
