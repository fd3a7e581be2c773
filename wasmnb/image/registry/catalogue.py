"""What a registry has: repositories and tags, page by page.

Protocol: OCI distribution specification v1.1, "Content discovery"; the catalogue is from Docker's older one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from requests.utils import parse_header_links

from wasmnb.errors import RegistryError
from wasmnb.image.reference import Reference, host_of
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.client import client
from wasmnb.image.registry.http_session import same_server
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.wording import Text, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Unpack

    from wasmnb.image.registry.access import AccessKeywords
    from wasmnb.image.registry.client import Client

__all__ = ["repositories", "repositories_of", "tags", "tags_of"]

_PAGE = 1000
_MOST_PAGES = 10_000
_LIMIT = 4 * 1024 * 1024  # bytes of one page
_CATALOGUE = "registry:catalog:*"
#: How registries say that they have no catalogue, or show it to nobody.
_NO_CATALOGUE = frozenset({400, 401, 403, 404, 405, 406, 501})
#: Those of them that a log-in may change.
_DENIED = frozenset({401, 403})


def tags(repository: str, **access: Unpack[AccessKeywords]) -> list[str]:
    """List a repository's tags, sorted.

    Parameters
    ----------
    repository : str
        Such as ``registry.example/team/header-filter``; a tag or digest behind it is not looked at.
    **access
        As for `push`.

    Raises
    ------
    RegistryError
        The registry cannot be reached, refuses, or has no such repository.
    """
    where = Reference.parse(repository)
    return tags_of(Remote(client(where.host, Access.of(**access)), where.path))


def repositories(host: str, **access: Unpack[AccessKeywords]) -> list[str]:
    """List a registry's repositories, sorted, without its host.

    Raises
    ------
    RegistryError
        The registry cannot be reached, or has no catalogue.
    """
    return repositories_of(client(host_of(host), Access.of(**access)))


def tags_of(remote: Remote) -> list[str]:
    """List the tags of a repository, sorted.

    Raises
    ------
    RegistryError
        The registry refuses, or has no such repository.
    """
    name = f"{remote.client.host}/{remote.path}"
    operation = Operation("list", f"repository {name}", remote.client.host)
    pages = _pages(remote.client, remote.tags(_PAGE), "tags", operation, remote.scope("pull"))
    return sorted({tag for page in pages for tag in page})


def repositories_of(at: Client, *, most: int = 0) -> list[str]:
    """List the repositories of a registry, sorted; when ``most`` is given, it stops after the page that reaches it.

    Raises
    ------
    RegistryError
        The registry has no catalogue (most public ones), or shows it to nobody.
    """
    operation = Operation("list", "its catalogue", at.host)
    found: set[str] = set()
    try:
        for page in _pages(at, f"{at.server}/v2/_catalog?n={most or _PAGE}", "repositories", operation, _CATALOGUE):
            found.update(page)
            if most and len(found) >= most:
                break
    except RegistryError as error:
        if error.status not in _NO_CATALOGUE:
            raise
        refused = error
    else:
        return sorted(found)
    hint: Text = Wording("name a repository: {}", Verb("list", (f"{at.host}/team/name",)))
    if refused.status in _DENIED:
        hint = joined(hint, Wording("or log in: {}", Verb("login", (at.host,))))
    raise type(refused)(
        f"{at.host} shows no catalogue of its repositories.", why=refused.why, hint=hint, status=refused.status
    )


def _pages(at: Client, url: str, key: str, operation: Operation, scope: str) -> Iterator[list[str]]:
    """Follow ``Link: <...>; rel="next"``: on the same server only, as our credentials go with it; never in a circle."""
    seen: set[str] = set()
    while url and url not in seen and len(seen) < _MOST_PAGES:
        seen.add(url)
        reply = at.call("GET", url, operation, scopes=[scope], limit=_LIMIT)
        try:
            names = json.loads(reply.body)[key] or []
        except (ValueError, KeyError, TypeError, RecursionError):
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise RegistryError(
                f"{at.host} answered the listing of {operation.what} with something that is not a list."
            )
        yield names
        links = parse_header_links(reply.headers.get("Link", ""))
        following = next((link["url"] for link in links if link.get("rel") == "next"), "")
        url = urljoin(url, following) if following else ""
        if url and not same_server(url, at.server):
            # A registry behind a proxy may give its inner name; its path is what counts.
            url = urljoin(
                at.server, url.partition("://")[2].partition("/")[1] + url.partition("://")[2].partition("/")[2]
            )
