"""Asking a registry what it has under a name, without taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, RegistryError, did_you_mean
from wasmnb.image.inspection import Inspection
from wasmnb.image.inspection import inspect as inspected
from wasmnb.image.manifest import Manifest
from wasmnb.image.reference import Reference
from wasmnb.image.registry import manifests
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.catalogue import repositories_of, tags_of
from wasmnb.image.registry.client import client
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.wording import Text

__all__ = ["NOT_FOUND", "inspect", "look", "nothing", "repository", "resolve"]

#: The status of an answer that there is no such thing.
NOT_FOUND = 404

_FEW = 200  # names of a catalogue that are looked through for a near one


def look(reference: str, **access: Unpack[AccessKeywords]) -> str:
    """Ask a registry, in one request, what a reference means at this moment.

    Parameters
    ----------
    reference : str
        With a digest, the registry is asked whether it has it.
    **access
        As for `push`.

    Returns
    -------
    str
        ``sha256:...``; empty when the registry has no such image.

    Raises
    ------
    RegistryError
        The registry cannot be reached, or refuses.
    """
    where = Reference.parse(reference)
    return _digest(repository(where, **access), where)


def resolve(reference: str, **access: Unpack[AccessKeywords]) -> str:
    """Ask a registry what a reference means at this moment; it must mean something.

    Parameters
    ----------
    reference : str
        With a digest, the registry is asked whether it has it.
    **access
        As for `push`.

    Returns
    -------
    str
        ``sha256:...``.

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, or has no such image.
    """
    where = Reference.parse(reference)
    remote = repository(where, **access)
    digest = _digest(remote, where)
    if not digest:
        raise nothing(remote, where)
    if where.digest and digest != where.digest:
        raise RegistryError(f"{where.host} answers for {where} with another digest: {digest}.", hint="try again")
    return digest


def inspect(reference: str, **access: Unpack[AccessKeywords]) -> Inspection:
    """Look at an image on a registry; nothing of it is kept.

    Parameters
    ----------
    reference : str
    **access
        As for `push`.

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, or has no such image.
    ImageError
        What it has is not an image.
    """
    where = Reference.parse(reference)
    remote, operation = repository(where, **access), _operation(where)
    try:
        found = manifests.fetch(remote, where.digest or where.tag_or_latest, operation)
    except RegistryError as error:
        if error.status != NOT_FOUND:
            raise
        raise nothing(remote, where) from None

    children = {item.digest for item in Manifest.parse(found.data).manifests}

    def read(digest: str, limit: int) -> bytes:
        if digest in children:
            # Registries keep manifests apart from blobs, and give each at its own address only.
            return manifests.fetch(remote, digest, operation).data
        scopes = [remote.scope("pull")]
        return remote.client.call("GET", remote.blob(digest), operation, scopes=scopes, limit=limit).body

    return inspected(found.data, read, reference=reference, name=where.name)


def repository(where: Reference, **access: Unpack[AccessKeywords]) -> Remote:
    """Give the repository that a reference names.

    Raises
    ------
    BadNameError
        It names an image of this machine.
    UsageError
        The options contradict each other.
    """
    if where.is_local:
        raise BadNameError(
            f"{where} is an image of this machine; no registry has it.",
            hint=Wording("{} shows what is there", Verb("list")),
        )
    return Remote(client(where.host, Access.of(**access)), where.path)


def nothing(remote: Remote, where: Reference) -> RegistryError:
    """Give the error for an image that is not there, with the names that are near."""
    hint: Text
    known = _quietly(lambda: tags_of(remote))
    if known and where.digest:
        what, hint = f"{where.repository} has no {where.digest}", _shown(where.repository)
    elif known:
        what = f"{where.repository} has no tag {where.tag_or_latest}"
        hint = did_you_mean(where.tag_or_latest, known) or "it has " + ", ".join(known[-3:])
    else:
        what = f"{where.host} has no repository {where.path}"
        others = _quietly(lambda: repositories_of(remote.client, most=_FEW))
        # Where there is no catalogue, nobody is sent to look at it.
        hint = did_you_mean(where.path, others) or (_shown(where.host) if others else _hidden(where.host))
    return RegistryError(f"{what}.", hint=hint, status=NOT_FOUND, code="WNB3041")


def _shown(target: str) -> Text:
    return Wording("{} shows what it has", Verb("list", (target,)))


def _hidden(host: str) -> Text:
    what = "check the name, or log in with {}: one that you may not see looks the same"
    return Wording(what, Verb("login", (host,)))


def _digest(remote: Remote, where: Reference) -> str:
    return manifests.look(remote, where.digest or where.tag_or_latest, _operation(where))


def _operation(where: Reference) -> Operation:
    return Operation("look at", str(where), where.host)


def _quietly(ask: Callable[[], list[str]]) -> list[str]:
    """Give names for a hint; a registry that does not tell them is no second error."""
    try:
        return ask()
    except RegistryError:
        return []
