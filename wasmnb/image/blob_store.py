"""Blobs, manifests and names of the store on this machine: all of it that needs no module read and no image made.

Registry clients work with this half; `Store`, which has it as its base, is the one class that anybody makes.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wasmnb.errors import ImageError, WasmnbError
from wasmnb.image import index_entries as names
from wasmnb.image import oci_annotations
from wasmnb.image.extraction import extract, resolve
from wasmnb.image.layout import MAX_BLOB, NEW_FOLDER, Layout
from wasmnb.image.manifest import MAX_MANIFEST, Manifest, checked, digest_of
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from wasmnb.check import Check
    from wasmnb.module.module import Module

__all__ = ["BlobStore"]

_CHUNK = 1024 * 1024


class BlobStore:
    """An OCI image layout by digests and names.

    Parameters
    ----------
    path : pathlib.Path, optional
        Its folder; ``$WASMNB_STORE``, or a folder under the user's data, when not given.

    Raises
    ------
    ImageError
        The folder may not be written.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        from wasmnb.paths import data_dir  # noqa: PLC0415 - a store with a path of its own does not need it

        chosen = path or os.environ.get("WASMNB_STORE")
        try:
            root = Path(chosen).expanduser() if chosen else data_dir("store")
        except OSError as error:
            hint = NEW_FOLDER
            raise ImageError("The image store cannot be made.", why=[str(error)], hint=hint, code="WNB3024") from error
        self._layout = Layout(root.absolute())

    @property
    def path(self) -> Path:
        """The folder of the layout."""
        return self._layout.root

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def writing(self) -> AbstractContextManager[None]:
        """Keep every blob here until the block ends, though no image names it yet.

        Hold it from the first `has_blob` to `add_manifest`; otherwise a ``remove`` in another kernel may take the blobs
        away between the two, and `add_manifest` says so.
        """
        return self._layout.writing()

    def has_blob(self, digest: str, size: int | None = None) -> bool:
        """Tell whether a blob is here, and has ``size`` bytes when that is given; its content is not hashed."""
        found = self._layout.size(digest)
        return found is not None and size in (None, found)

    def put_blob(self, stream: IO[bytes] | Iterable[bytes], digest: str, size: int | None = None) -> None:
        """Write a blob piece by piece.

        Parameters
        ----------
        stream : binary file, or iterable of bytes
        digest : str
            ``sha256:...``.
        size : int, optional
            Bytes; when given, a longer stream is not read to its end.

        Raises
        ------
        ImageError
            The bytes are not those of the digest: nothing stays. Or the disk is full. What reading the stream raises
            goes through, and nothing stays either.
        """
        with self.writing():
            self._layout.put(_chunks(stream), digest, size)

    def read_blob(self, digest: str, limit: int = MAX_BLOB) -> bytes:
        """Read a blob and check it; a damaged one is deleted, so that the next build or pull puts it back.

        Parameters
        ----------
        digest : str
        limit : int
            Bytes; a larger blob is not read.

        Raises
        ------
        ImageError
            It is not here, is larger, or was damaged.
        """
        with self._layout.open(digest) as file, self._layout.disk_errors():
            data = file.read(limit + 1)
        if len(data) > limit and self._layout.hash(digest):
            hint = f"give a limit of at least {self._layout.size(digest):,}"
            raise ImageError(f"The blob {digest} has more than {limit:,} bytes.", hint=hint)
        try:  # one that grew by damage is none of its digest, however much of it is looked at
            return checked(data, digest, f"A blob of the store, {digest},")
        except ImageError:
            with contextlib.suppress(OSError):
                self._layout.drop(digest)
            raise

    def add_manifest(self, reference: str, data: bytes) -> str:
        """Name an image whose blobs are all here; a tag that named another one moves.

        Parameters
        ----------
        reference : str
            With a tag, a digest or both; ``latest`` is meant when it has none. A digest must be the manifest's.
        data : bytes
            The manifest, byte for byte; an index when the manifest that meshes take from it is here too.

        Returns
        -------
        str
            The manifest's digest.

        Raises
        ------
        ImageError
            It is no manifest, not the one of the digest, or a blob is missing or has another size.
        """
        return self._add(reference, data, None)

    def read_manifest(self, reference: str) -> bytes:
        """Give the manifest, or the index, that a reference names; byte for byte, and checked.

        Raises
        ------
        ImageError
            Nothing here has this name; the message names the nearest.
        """
        return self.read_blob(self.resolve(reference), MAX_MANIFEST)

    def resolve(self, reference: str) -> str:
        """Give the digest that a reference names in this store at this moment.

        Parameters
        ----------
        reference : str
            A tag, a tag with a digest (the digest decides), or a digest with or without a repository.

        Raises
        ------
        ImageError
            Nothing here has this name; the message names the nearest.
        """
        entries = self._layout.entries()
        digest = names.find(entries, reference)
        if digest and self.has_blob(digest):
            return digest
        raise names.unknown(reference, [name for name in map(names.name_of, entries) if name])

    def verify(self) -> list[Check]:
        """Hash everything again; what is damaged is deleted, so that the next build or pull puts it back.

        Returns
        -------
        list of wasmnb.check.Check
            One for the store, and one for each image that is not complete.
        """
        from wasmnb.image.verify import verify  # noqa: PLC0415 - only the doctor needs it

        return verify(self._layout, self._peek)

    def _peek(self, digest: str) -> bytes | None:
        """Give a manifest, or None when it is not here or damaged."""
        try:
            return self.read_blob(digest, MAX_MANIFEST)
        except ImageError:
            return None

    def _holds(self, digest: str, data: bytes) -> bool:
        """Tell whether a blob is here, undamaged."""
        if not self.has_blob(digest, len(data)):
            return False
        with self._layout.open(digest) as file:
            return file.read() == data

    def _add(self, reference: str, data: bytes, module: Module | None) -> str:
        named, digest = Reference.parse(reference), digest_of(data)
        if named.digest:
            checked(data, named.digest, f"The manifest of {reference}")
        manifest = Manifest.parse(data)
        with self.writing():
            self._demand(manifest, data, reference)
            if not self._holds(digest, data):
                self._layout.put([data], digest)
            name = names.ref_name(named)
            with self._layout.changing() as entries:
                if [entry["digest"] for entry in entries if names.name_of(entry) == name] == [digest]:
                    return digest
                entries[:] = [entry for entry in entries if names.name_of(entry) != name]
                entries.append(names.entry(name, digest, data, manifest, self._declared(manifest, data, module)))
        return digest

    def _demand(self, manifest: Manifest, data: bytes, reference: str) -> None:
        """Refuse a manifest whose blobs are not all here; of an index, those of the manifest that meshes take."""
        used, _ = resolve(data, self.read_blob) if manifest.is_index else (manifest, data)
        for item in used.blobs():
            if not self.has_blob(item.digest, item.size):
                raise ImageError(
                    f"The image {reference} is not complete: a blob is missing.",
                    why=[f"{item.media_type or 'blob'} {item.digest} ({item.size:,} bytes)"],
                    hint="build or pull the image again",
                    code="WNB3023",
                )

    def _declared(self, manifest: Manifest, data: bytes, module: Module | None) -> oci_annotations.Declared:
        """Give what a listing shows of a module: what it says itself, else what the annotations say."""
        declared = oci_annotations.declared_by(manifest.annotations)
        if None not in declared:
            return declared
        try:
            facts = (module or extract(data, self.read_blob)).facts
        except WasmnbError:
            return declared
        own = (facts.abi, facts.language, facts.root_ids)
        return own[0] or declared[0], own[1] or declared[1], declared[2] if own[2] is None else own[2]


def _chunks(stream: IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(stream, "read", None)
    if read is None:
        yield from stream
        return
    while chunk := read(_CHUNK):
        yield chunk
