"""The images on this machine: an OCI image layout that every kernel of the user shares.

Images are found by the annotation ``org.opencontainers.image.ref.name`` of the index, which holds the whole reference
(``registry.example/team/header-filter:v1``); tools that read layouts take it as the image's name. An image whose tag was
moved to another stays readable by its digest until the next `Store.remove`.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wasmnb.checks import Check
from wasmnb.errors import ImageError
from wasmnb.image import listing, marks
from wasmnb.image.extract import extract, resolve
from wasmnb.image.image import Image
from wasmnb.image.layout import MAX_BLOB, Layout
from wasmnb.image.manifest import MAX_MANIFEST, Manifest, checked, digest_of, is_digest
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wasmnb.image.listing import Listing, StoredImage

__all__ = ["Store"]

_CHUNK = 1024 * 1024
_NEAR = 3
_SHOWN = 5


class Store:
    """The images on this machine.

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
            hint = "name a folder that you may write in WASMNB_STORE"
            raise ImageError("The image store cannot be made.", why=[str(error)], hint=hint) from error
        self._layout = Layout(root.absolute())

    @property
    def path(self) -> Path:
        """The folder of the layout."""
        return self._layout.root

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    # -- blobs and manifests: what a registry client needs -----------------------------------------------------------

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

    def open_blob(self, digest: str) -> IO[bytes]:
        """Open a blob for reading; who reads it checks it.

        Raises
        ------
        ImageError
            It is not here.
        """
        return self._layout.open(digest)

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
        with self._layout.open(digest) as file, self._layout.told():
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ImageError(f"The blob {digest} has more than {limit:,} bytes.", hint="no mesh would take it")
        try:
            return checked(data, digest, f"A blob of the store, {digest},")
        except ImageError:
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
        named, digest = Reference.parse(reference), digest_of(data)
        if named.digest:
            checked(data, named.digest, f"The manifest of {reference}")
        manifest = Manifest.parse(data)
        with self.writing():
            self._demand_blobs(manifest, reference)
            if not self.has_blob(digest, len(data)):
                self._layout.put([data], digest)
            self._name(_ref_name(named), digest, data, manifest)
        return digest

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
        digest = reference if is_digest(reference) else ""
        entries = self._layout.entries()
        if not digest:
            for entry in entries:
                if _name_of(entry) == reference:
                    return str(entry["digest"])
            named = Reference.parse(reference)
            digest = named.digest
            wanted = _ref_name(named)
            found = [entry["digest"] for entry in entries if _name_of(entry) == wanted] if not digest else []
            if found:
                return str(found[0])
        if digest and self.has_blob(digest):
            return digest
        raise _unknown(reference, [name for name in map(_name_of, entries) if name])

    # -- images ------------------------------------------------------------------------------------------------------

    def add(self, image: Image) -> Image:
        """Keep an image under its reference; a tag that named another one moves.

        Returns
        -------
        Image
            The same with its whole reference (a missing tag is ``latest``).

        Raises
        ------
        ImageError
            The disk is full, or the reference has another digest than the image.
        """
        with self.writing():
            for layer in image.blobs():
                if not self._holds(layer.digest, layer.data):
                    self._layout.put([layer.data], layer.digest, layer.size)
            self.add_manifest(image.reference, image.manifest)
        return image.renamed(_ref_name(Reference.parse(image.reference)))

    def get(self, reference: str) -> Image:
        """Give an image with its module.

        Parameters
        ----------
        reference : str
            A tag, a tag with a digest (the digest decides), or a digest with or without a repository.

        Raises
        ------
        ImageError
            Nothing here has this name (the message names the nearest), it is damaged, or not complete.
        ModuleError
            What it holds is no WebAssembly module.
        """
        digest = self.resolve(reference)
        data = self.read_blob(digest, MAX_MANIFEST)
        manifest, data = resolve(data, self.read_blob)
        shown = self._reference_for(reference, digest)
        module = extract(data, self.read_blob, name=Reference.parse(shown).name)
        config = self.read_blob(manifest.config.digest) if manifest.config else b""
        return Image(shown, module, data, config, self.read_blob)

    def tag(self, source: str, target: str) -> StoredImage:
        """Give an image one more name; a tag that named another one moves.

        Raises
        ------
        ImageError
            There is no such image, or the new name has a digest.
        """
        named = Reference.parse(target)
        if named.digest:
            raise ImageError(f"{target!r} cannot be a new name: a digest is not chosen.", hint="give a name and a tag")
        with self.writing():
            data = self.read_manifest(source)
            self.add_manifest(str(named), data)
        name = _ref_name(named)
        return next(row for row in self.list() if row.reference == name)

    def remove(self, reference: str) -> int:
        """Forget a name, and delete what no other name needs.

        Parameters
        ----------
        reference : str
            A tag; or a digest, which removes every tag of it (in that repository, when it names one).

        Returns
        -------
        int
            Bytes freed. 0 when another name needs them all, and also while another kernel builds or pulls: then the
            next ``remove`` frees them.

        Raises
        ------
        ImageError
            There is no such image.
        """
        with self._layout.changing() as entries:
            doomed = _matching(entries, reference)
            if not doomed and not is_digest(self.resolve(reference)):
                raise _unknown(reference, [])
            entries[:] = [entry for entry in entries if entry not in doomed]
        return self._sweep()

    def list(self, search: str | None = None) -> Listing:
        """List the images, by name and tag.

        Parameters
        ----------
        search : str, optional
            Words that must all be in the reference, the digest, the language or a root id.

        Returns
        -------
        Listing
            A sequence of `StoredImage`; ``.frame`` is a DataFrame.
        """
        rows = [listing.stored(_name_of(entry), entry, self._peek) for entry in self._layout.entries()]
        return listing.Listing.of(rows, search)

    def verify(self) -> list[Check]:
        """Hash everything again; what is damaged is deleted, so that the next build or pull puts it back.

        Returns
        -------
        list of Check
            One for the store, and one for each image that is not complete.
        """
        from wasmnb.image.verify import verify  # noqa: PLC0415 - only the doctor needs it

        return verify(self._layout, self._peek)

    # -- inside ------------------------------------------------------------------------------------------------------

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

    def _demand_blobs(self, manifest: Manifest, reference: str) -> None:
        if manifest.is_index:
            resolve_child(manifest, self.read_blob)
            return
        for item in manifest.blobs():
            if not self.has_blob(item.digest, item.size):
                raise ImageError(
                    f"The image {reference} is not complete: a blob is missing.",
                    why=[f"{item.media_type or 'blob'} {item.digest} ({item.size:,} bytes)"],
                    hint="build or pull the image again",
                )
