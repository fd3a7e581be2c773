"""Manifests, fetched and put (OCI distribution specification v1.1, "Pulling manifests", "Pushing manifests")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.errors import RegistryError
from wasmnb.image.manifest import (
    DOCKER_INDEX_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    MANIFEST_TYPE,
    MAX_MANIFEST,
    digest_of,
    is_digest,
)

if TYPE_CHECKING:
    from wasmnb.image.registry.repository import Remote
    from wasmnb.image.registry.responses import Operation, Reply

__all__ = ["Fetched", "fetch", "look", "put"]

_ACCEPT = {"Accept": f"{MANIFEST_TYPE}, {INDEX_TYPE}, {DOCKER_MANIFEST_TYPE}, {DOCKER_INDEX_TYPE}"}
_DIGEST_HEADER = "Docker-Content-Digest"


@dataclass(frozen=True)
class Fetched:
    """A manifest as a registry gave it, and the digest of these very bytes."""

    digest: str
    data: bytes


def fetch(remote: Remote, tag_or_digest: str, operation: Operation) -> Fetched:
    """Get a manifest or an index.

    Raises
    ------
    RegistryError
        There is none, it is larger than 4 MiB, or another one than the digest (asked for, or given beside it) says.
    """
    reply = remote.client.call(
        "GET",
        remote.manifest(tag_or_digest),
        operation,
        scopes=[remote.scope("pull")],
        headers=_ACCEPT,
        limit=MAX_MANIFEST,
    )
    digest = digest_of(reply.body)
    for wanted in (tag_or_digest, reply.headers.get(_DIGEST_HEADER, "")):
        if is_digest(wanted) and wanted != digest:
            raise _other(remote, wanted, digest, operation)
    return Fetched(digest, reply.body)


def look(remote: Remote, tag_or_digest: str, operation: Operation, *, actions: str = "pull") -> str:
    """Give the digest that a tag means at this moment, without its manifest; empty when there is none.

    Raises
    ------
    RegistryError
        The registry does not say.
    """
    url, scopes = remote.manifest(tag_or_digest), [remote.scope(actions)]
    reply = remote.client.call("HEAD", url, operation, scopes=scopes, headers=_ACCEPT, expect=(200, 404))
    if reply.status == 404:  # noqa: PLR2004
        return ""
    digest = reply.headers.get(_DIGEST_HEADER, "")
    # The header is only recommended; the bytes tell in any case.
    return digest if is_digest(digest) else fetch(remote, tag_or_digest, operation).digest


def put(remote: Remote, tag_or_digest: str, data: bytes, media_type: str, operation: Operation) -> None:
    """Give a registry a manifest; from then on the tag means it.

    Raises
    ------
    RegistryError
        It was refused, or the registry keeps it under another digest.
    """
    reply: Reply = remote.client.call(
        "PUT",
        remote.manifest(tag_or_digest),
        operation,
        scopes=[remote.scope("pull,push")],
        headers={"Content-Type": media_type},
        body=data,
        expect=(201, 200, 202),
    )
    kept, digest = reply.headers.get(_DIGEST_HEADER, ""), digest_of(data)
    if is_digest(kept) and kept != digest:
        raise _other(remote, digest, kept, operation)


def _other(remote: Remote, wanted: str, got: str, operation: Operation) -> RegistryError:
    return RegistryError(
        f"{remote.client.host} has another manifest for {operation.what} than its digest says; it is not used.",
        why=[f"wanted {wanted}", f"got    {got}"],
        hint="the registry, or a proxy on the way to it, changes what goes through: try again without a proxy",
    )
