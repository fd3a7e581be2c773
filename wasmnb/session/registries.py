"""What is asked of registries beside push and pull: what a tag means now, and how an image there looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import RegistryError
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image import Inspection
    from wasmnb.image.registry.remote import Remote

__all__ = ["UNREACHABLE", "host_of_target", "means", "seen"]

#: The status of an error that came before any answer.
UNREACHABLE = 0
_NOT_FOUND = 404


def host_of_target(target: str) -> str:
    """Give the host of a registry, a namespace or a repository; a single word is a host."""
    rest = (target.partition("://")[2] or target).strip("/")
    first, slash, _ = rest.partition("/")
    return Reference.parse(rest).host if slash else first


def means(reference: str, access: Mapping[str, Any], *, actions: str = "pull") -> str:
    """Ask a registry which digest a reference means at this moment, in one request.

    Parameters
    ----------
    reference : str
    access : mapping
        ``plain_http``, ``insecure`` and ``ca``, as of `wasmnb.image.registry.push`.
    actions : str
        What a token is asked for.

    Returns
    -------
    str
        Empty when the registry has no such image.

    Raises
    ------
    RegistryError
        It cannot be reached, or refuses.
    """
    from wasmnb.image.registry import manifests  # noqa: PLC0415 - the HTTP library, for its users only
    from wasmnb.image.registry.problems import Doing  # noqa: PLC0415

    where = Reference.parse(reference)
    doing = Doing("look at", reference, where.host)
    return manifests.look(_remote(where, access), where.digest or where.tag_or_latest, doing, actions=actions)


def seen(reference: str, access: Mapping[str, Any]) -> Inspection:
    """Look at an image on a registry; nothing of it is kept.

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, or has no such image.
    ImageError
        What it has is no image.
    """
    from wasmnb.image.inspection import inspect  # noqa: PLC0415
    from wasmnb.image.registry import manifests, resolve  # noqa: PLC0415
    from wasmnb.image.registry.problems import Doing  # noqa: PLC0415

    where = Reference.parse(reference)
    remote, doing = _remote(where, access), Doing("look at", reference, where.host)
    try:
        found = manifests.fetch(remote, where.digest or where.tag_or_latest, doing)
    except RegistryError as error:
        if error.status == _NOT_FOUND:
            resolve(reference, **access)  # raises, and names what is near
        raise

    def read(digest: str, limit: int) -> bytes:
        scopes = [remote.scope("pull")]
        return remote.client.call("GET", remote.blob(digest), doing, scopes=scopes, limit=limit).body

    return inspect(found.data, read, reference=reference, name=where.name)


def _remote(where: Reference, access: Mapping[str, Any]) -> Remote:
    from wasmnb.image.registry.client import client  # noqa: PLC0415
    from wasmnb.image.registry.hosts import Access  # noqa: PLC0415
    from wasmnb.image.registry.remote import Remote  # noqa: PLC0415

    return Remote(client(where.host, Access.of(**access)), where.path)
