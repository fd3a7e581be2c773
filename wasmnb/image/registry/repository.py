"""A repository on a registry, and its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oras.container import Container

if TYPE_CHECKING:
    from wasmnb.image.registry.client import Client

__all__ = ["Remote"]


class Remote:
    """A repository on a registry: its addresses.

    Parameters
    ----------
    at : Client
    path : str
        Without the host.
    """

    def __init__(self, at: Client, path: str) -> None:
        self.client, self.path = at, path
        # Not parsed by the library: it takes ``localhost`` for a namespace, and ``a.b/c`` for a host.
        self._container = Container("name")
        self._container.registry = at.server
        self._container.namespace, self._container.repository = None, path

    def manifest(self, tag_or_digest: str) -> str:
        """Give the address of a manifest."""
        return str(self._container.manifest_url(tag_or_digest))

    def blob(self, digest: str) -> str:
        """Give the address of a blob."""
        return str(self._container.get_blob_url(digest))

    def uploads(self) -> str:
        """Give the address that starts an upload."""
        return str(self._container.upload_blob_url())

    def tags(self, page: int) -> str:
        """Give the address of the first page of tags."""
        return str(self._container.tags_url(N=page))

    def scope(self, actions: str) -> str:
        """Give what a token must allow, such as ``repository:team/name:pull``."""
        return f"repository:{self.path}:{actions}"

    def __repr__(self) -> str:
        return f"Remote({self.client.host}/{self.path})"
