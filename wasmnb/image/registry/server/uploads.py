"""Uploads under way, a file each: a blob when its digest is right (OCI distribution specification v1.1)."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.image.blob_store import BlobStore

__all__ = ["Uploads"]


class Uploads:
    """What clients have sent of blobs that are not whole yet.

    Parameters
    ----------
    store : BlobStore
        Takes what is whole.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._folder = Path(tempfile.mkdtemp(prefix="wasmnb-registry-"))
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}

    def begin(self) -> str:
        """Begin one, and give its name."""
        name = uuid.uuid4().hex
        with self._lock:
            (self._folder / name).touch()
            self._sizes[name] = 0
        return name

    def size(self, name: str) -> int | None:
        """Give the bytes that have come; None for one that there is not."""
        return self._sizes.get(name)

    def append(self, name: str, pieces: Iterable[bytes], start: int | None) -> bool:
        """Add bytes; False when they do not begin where the last ones ended, or when there is no such upload."""
        with self._lock:
            at = self._sizes.get(name)
            if at is None or start not in (None, at):
                return False
            # Bytes of a piece that broke off are written over by the next try.
            with (self._folder / name).open("r+b") as file:
                file.seek(at)
                for piece in pieces:
                    file.write(piece)
                self._sizes[name] = file.tell()
        return True

    def finish(self, name: str, digest: str) -> None:
        """Make a blob of it, and forget it.

        Raises
        ------
        ImageError
            The bytes are not those of the digest.
        """
        try:
            with self._open(name) as file:
                self._store.put_blob(file, digest)
        finally:
            self.drop(name)

    def drop(self, name: str) -> bool:
        """Forget one, and tell whether there was one."""
        with self._lock:
            (self._folder / name).unlink(missing_ok=True)
            return self._sizes.pop(name, None) is not None

    def close(self) -> None:
        """Forget all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _open(self, name: str) -> IO[bytes]:
        with self._lock:
            file = (self._folder / name).open("rb+")
            file.truncate(self._sizes[name])
        return file
