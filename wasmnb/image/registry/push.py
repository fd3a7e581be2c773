"""An image on its way to a registry."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wasmnb.errors import BadNameError, Interrupted, RegistryError, UsageError
from wasmnb.image.manifest import Manifest, digest_of
from wasmnb.image.reference import Reference
from wasmnb.image.registry import manifests
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.client import client
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.image.registry.upload import CHUNK, Blob, has_blob, upload
from wasmnb.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.progress import Progress

    class _Layer(Protocol):
        @property
        def digest(self) -> str: ...
        @property
        def data(self) -> bytes: ...

    class Pushable(Protocol):
        """What can be pushed: an `Image`, or anything with its manifest and its blobs."""

        @property
        def manifest(self) -> bytes: ...
        def blobs(self) -> Iterable[_Layer]: ...


__all__ = ["Pushed", "push"]


@dataclass(frozen=True)
class Pushed:
    """What a push brought about.

    Parameters
    ----------
    reference : str
    digest : str
        Of the manifest, as the registry has it now; what a deploy should name.
    before : str
        The digest that the tag meant before; empty when the registry had no such tag.
    """

    reference: str
    digest: str
    before: str = ""

    @property
    def unchanged(self) -> bool:
        """Whether the registry had this very image under this name already."""
        return self.before == self.digest

    @property
    def pinned(self) -> str:
        """The reference with the digest: what a deploy should name."""
        return str(Reference.parse(self.reference).with_digest(self.digest))


def push(
    image: Pushable,
    reference: str,
    *,
    progress: Progress | None = None,
    chunk: int = CHUNK,
    mount_from: Iterable[str] = (),
    **access: Unpack[AccessKeywords],
) -> Pushed:
    """Push an image.

    Parameters
    ----------
    image : Image
    reference : str
        Where to, such as ``registry.example/team/header-filter:v1``; ``latest`` is meant without a tag.
    progress : Progress, optional
        Told of bytes.
    chunk : int
        A larger blob is sent in pieces of so many bytes.
    mount_from : iterable of str
        Repositories on the same registry that may have the blobs, in addition to those this process has seen.
    **access
        How the registry is spoken to; see `wasmnb.image.registry.access.AccessKeywords`.

    Returns
    -------
    Pushed

    Raises
    ------
    RegistryError
        The registry cannot be reached or refuses; the tag then still means what it meant before.
    BadNameError
        The reference is none, or names another digest than the image has.
    Interrupted
        The user stopped it; the tag still means what it meant before.
    """
    where = Reference.parse(reference)
    if where.is_local:
        raise UsageError(
            f"{reference} is an image of this machine; it is in the store already.",
            hint="name a registry: registry.example/team/name:v1",
        )
    remote = Remote(client(where.host, Access.of(**access)), where.path)
    try:
        return _Push(
            image, where, remote, progress=progress or Silent(), chunk=chunk, mount_from=tuple(mount_from)
        ).run()
    except KeyboardInterrupt:
        raise Interrupted(
            f"The push of {reference} was stopped.",
            hint="the tag still means what it meant before; blobs that have arrived need not be sent again",
        ) from None


class _Push:
    def __init__(
        self,
        image: Pushable,
        where: Reference,
        remote: Remote,
        *,
        progress: Progress,
        chunk: int,
        mount_from: tuple[str, ...],
    ) -> None:
        self._image, self._where, self._remote, self._progress = image, where, remote, progress
        self._chunk, self._mount_from = chunk, mount_from
        self._digest = digest_of(image.manifest)
        self._target = where.tag_or_latest or self._digest
        self._operation = Operation("push", str(where), where.host)
        self._lock = threading.Lock()
        self._sent = self._total = 0
        self._over = False

    def run(self) -> Pushed:
        """Push; when it fails or is stopped, whatever is still under way on other connections ends too."""
        try:
            return self._run()
        finally:
            self._over = True

    def _run(self) -> Pushed:
        if self._where.digest and self._where.digest != self._digest:
            raise BadNameError(
                f"{self._where} names another image than the one that is to be pushed there.",
                why=[f"this one is {self._digest}"],
                hint="leave the digest out",
            )
        manifest = Manifest.parse(self._image.manifest)
        blobs = [Blob(item.digest, item.data) for item in self._image.blobs()]
        self._total = sum(blob.size for blob in blobs)
        self._progress.update(f"asking {self._where.host}")
        at, path = self._remote.client, self._where.path
        # Most pushes change nothing, and one look at the tag tells. What was never seen there is asked for, and sent,
        # beside that look: a repository that lacks a blob has no manifest with it.
        unseen = [blob for blob in blobs if at.seen.get(blob.digest) != path]
        bringing = at.side_by_side(self._bring, unseen)
        before = manifests.look(self._remote, self._target, self._operation, actions="pull,push")
        if before == self._digest:
            self._progress.update(f"pushing {self._where.name}", self._total, self._total)
        else:
            seen = at.side_by_side(self._bring, [blob for blob in blobs if blob not in unseen])
            for _ in (*bringing, *seen):
                pass
            manifests.put(self._remote, self._target, self._image.manifest, manifest.media_type, self._operation)
            at.moved.add((path, self._target))
        for blob in blobs:
            at.seen[blob.digest] = path
        return Pushed(str(self._where), self._digest, before)

    def _bring(self, blob: Blob) -> None:
        """Ask for a blob, and send it when it is not there."""
        remote = self._remote
        if has_blob(remote, blob.digest, self._operation):
            self._tell(blob.size)
            return
        known = (remote.client.seen.get(blob.digest, ""), *self._mount_from)
        elsewhere = next((path for path in known if path and path != remote.path), "")
        upload(remote, blob, self._operation, self._tell, chunk=self._chunk, elsewhere=elsewhere)

    def _tell(self, count: int) -> None:
        if self._over:
            raise RegistryError(f"The push of {self._where} has ended.")
        with self._lock:
            self._sent += count
            self._progress.update(f"pushing {self._where.name}", self._sent, self._total)
