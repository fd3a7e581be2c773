"""An image on its way from a registry into the store, verified before anything can read it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.errors import ImageError, Interrupted, RegistryError
from wasmnb.image.extraction import PLATFORM, chosen
from wasmnb.image.layout import MAX_BLOB
from wasmnb.image.manifest import Manifest
from wasmnb.image.reference import Reference
from wasmnb.image.registry import manifests
from wasmnb.image.registry.download import Download
from wasmnb.image.registry.resolve import NOT_FOUND, nothing, repository
from wasmnb.image.registry.responses import Operation
from wasmnb.progress import Silent
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wasmnb.image.manifest import Descriptor
    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.image.registry.manifests import Fetched
    from wasmnb.image.registry.repository import Remote
    from wasmnb.image.store import Store
    from wasmnb.progress import Progress

__all__ = ["Pulled", "pull"]

_MOST_BLOBS = 200


_NO_FILTER = "check the name: an image of a filter has two or three"
_SINGLE = Wording("push a single manifest: {} does", Verb("push"))


@dataclass(frozen=True)
class Pulled:
    """What a pull brought.

    Parameters
    ----------
    reference : str
        The name it has in the store.
    digest : str
        Of the manifest that meshes run; of an index that is the one chosen from it.
    size : int
        Bytes of the manifest and its blobs.
    fetched : int
        Bytes that came over the network; 0 when the store had all.
    note : str
        What the user should know, such as that it was an index.
    """

    reference: str
    digest: str
    size: int
    fetched: int
    note: str = ""

    @property
    def pinned(self) -> str:
        """The reference with the digest: what a deploy should name."""
        return str(Reference.parse(self.reference).with_digest(self.digest))


def pull(
    reference: str,
    store: Store,
    *,
    progress: Progress | None = None,
    **access: Unpack[AccessKeywords],
) -> Pulled:
    """Pull an image into the store; ``store.get(reference)`` gives it with its module.

    Parameters
    ----------
    reference : str
        With a tag or a digest; with both, the digest decides.
    store : Store
    **access
        As for `push`.
    progress : Progress, optional
        Told of bytes.

    Returns
    -------
    Pulled

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, has no such image, or sent what is not what its digest says. The store
        then knows no such image; whole blobs that came before stay for the next try, until something is removed.
    ImageError
        It is not an image, too large, or an index with nothing for a mesh.
    Interrupted
        The user stopped it; the store has what it had before.
    """
    where = Reference.parse(reference)
    remote = repository(where, **access)
    try:
        with store.writing():
            return _Pull(where, remote, store, progress or Silent()).run()
    except KeyboardInterrupt:
        raise Interrupted(f"The pull of {reference} was stopped.", hint="the store has what it had before") from None


class _Pull:
    def __init__(self, where: Reference, remote: Remote, store: Store, progress: Progress) -> None:
        self._where, self._remote, self._store, self._progress = where, remote, store, progress
        self._operation = Operation("pull", str(where), where.host)
        self._lock = threading.Lock()
        self._done = self._total = self._fetched = 0
        self._note, self._over = "", False

    def run(self) -> Pulled:
        """Pull; when it fails or is stopped, whatever still comes on other connections is dropped."""
        try:
            return self._run()
        finally:
            self._over = True

    def _run(self) -> Pulled:
        self._progress.update(f"asking {self._where.host}")
        found = self._manifest(self._where.digest or self._where.tag_or_latest)
        manifest = Manifest.parse(found.data)
        used = found
        if manifest.is_index:
            used = self._chosen(manifest)
            manifest = Manifest.parse(used.data)
        blobs = self._checked(manifest)
        self._total = sum(item.size for item in blobs)
        for _ in self._remote.client.side_by_side(self._fetch, blobs):
            pass
        if used is not found:
            self._store.put_blob([used.data], used.digest, len(used.data))
        self._store.add_manifest(str(self._where), found.data)
        for item in blobs:
            self._remote.client.seen[item.digest] = self._where.path
        size = len(used.data) + self._total
        return Pulled(str(self._where), used.digest, size, self._fetched, self._note)

    def _manifest(self, tag_or_digest: str) -> Fetched:
        try:
            return manifests.fetch(self._remote, tag_or_digest, self._operation)
        except RegistryError as error:
            if error.status != NOT_FOUND:
                raise
        raise nothing(self._remote, self._where)

    def _chosen(self, index: Manifest) -> Fetched:
        """Take from an index what meshes take."""
        item = chosen(index)
        platforms = ", ".join(entry.platform or "no platform" for entry in index.manifests) or "nothing"
        if item is None:
            raise ImageError(
                f"{self._where} is an index without a manifest for {PLATFORM}, which is what meshes take from one.",
                why=[f"it has {platforms}"],
                hint=_SINGLE,
                code="WNB3025",
            )
        used = self._manifest(item.digest)
        if Manifest.parse(used.data).is_index:
            raise ImageError(f"{self._where} is an index of indexes.", hint=_SINGLE, code="WNB3025")
        istio = f"as Istio does, {PLATFORM} was taken"
        other = f"{item.platform or 'its only manifest'} was taken, and Istio takes {PLATFORM} only"
        how = istio if item.platform == PLATFORM else other
        self._note = f"{self._where} is an index ({platforms}); {how}: {used.digest}"
        return used

    def _checked(self, manifest: Manifest) -> list[Descriptor]:
        blobs = list(manifest.blobs())
        if len(blobs) > _MOST_BLOBS:
            raise ImageError(f"{self._where} has {len(blobs):,} blobs.", hint=_NO_FILTER)
        for item in blobs:
            if item.size > MAX_BLOB:
                raise ImageError(
                    f"A blob of {self._where} has {item.size:,} bytes.",
                    why=[f"{item.media_type} {item.digest}"],
                    hint=f"push an image with at most {MAX_BLOB:,} in each: Istio takes no more, either",
                )
        return blobs

    def _fetch(self, item: Descriptor) -> None:
        if self._store.has_blob(item.digest, item.size):
            self._tell(item.size)
            return
        with Download(self._remote, item, self._operation, self._tell) as stream:
            self._store.put_blob(stream, item.digest, item.size)
            self._fetched += item.size

    def _tell(self, count: int) -> None:
        if self._over:
            raise RegistryError(f"The pull of {self._where} has ended.")
        with self._lock:
            self._done += count
            self._progress.update(f"pulling {self._where.name}", self._done, self._total)
