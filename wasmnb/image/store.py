"""The images on this machine: an OCI image layout that every kernel of the user shares.

Images are found by the annotation ``org.opencontainers.image.ref.name`` of the index, which holds the whole reference
(``registry.example/team/header-filter:v1``); tools that read layouts take it as the image's name. An image whose tag
was moved to another stays readable by its digest until the next `Store.remove`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.errors import ImageError
from wasmnb.image import index_entries as names
from wasmnb.image import listing
from wasmnb.image.blob_store import BlobStore
from wasmnb.image.extraction import extract, resolve
from wasmnb.image.image import Image
from wasmnb.image.manifest import MAX_MANIFEST, is_digest
from wasmnb.image.reference import LOCAL, Reference

if TYPE_CHECKING:
    from wasmnb.image.inspection import Inspection
    from wasmnb.image.listing import Listing, StoredImage

__all__ = ["Store"]


class Store(BlobStore):
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
            self._add(image.reference, image.manifest, image.module)
        return replace(image, reference=names.ref_name(Reference.parse(image.reference)))

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
            What it holds is not a WebAssembly module.
        """
        digest = self.resolve(reference)
        manifest, data = resolve(self.read_blob(digest, MAX_MANIFEST), self.read_blob)
        shown = self._shown(reference, digest)
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
        name = names.ref_name(named)
        with self.writing():
            self.add_manifest(name, self.read_manifest(source))
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
            doomed = names.matching(entries, reference)
            if not doomed:
                self.resolve(reference)
            entries[:] = [entry for entry in entries if entry not in doomed]
        with self._layout.alone() as alone, self._layout.disk_errors():
            if not alone:
                return 0
            needed = names.reachable(self._layout.entries(), self._peek)
            unneeded = [digest for digest in self._layout.digests() if digest not in needed]
            return self._layout.sweep() + sum(self._layout.drop(digest) for digest in unneeded)

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
        rows = [listing.stored(names.name_of(entry), entry, self._peek) for entry in self._layout.entries()]
        return listing.Listing.of(rows, search)

    def inspect(self, reference: str) -> Inspection:
        """Look at an image: its form, what takes it, what is in it.

        Raises
        ------
        ImageError
            There is no such image.
        """
        from wasmnb.image.inspection import inspect  # noqa: PLC0415 - only for a look

        digest = self.resolve(reference)
        shown = self._shown(reference, digest)
        data = self.read_blob(digest, MAX_MANIFEST)
        return inspect(data, self.read_blob, reference=shown, name=Reference.parse(shown).name)

    def _shown(self, reference: str, digest: str) -> str:
        """Give the name that an image has here, with its digest when that was asked for."""
        if not is_digest(reference):
            raw = next((name for name in map(names.name_of, self._layout.entries()) if name == reference), "")
            parsed = Reference.parse(raw or reference)
            return str(parsed) if parsed.digest else names.ref_name(parsed)
        entries = [entry for entry in self._layout.entries() if entry["digest"] == digest and names.name_of(entry)]
        return names.name_of(entries[0]) if entries else f"{LOCAL}/image@{digest}"
