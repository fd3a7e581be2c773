"""The store's images and a registry's in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image import Listing
    from wasmnb.progress import Progress

__all__ = ["below", "beside"]


def beside(here: Listing, registry: str, search: str, access: Mapping[str, Any], progress: Progress | None) -> Listing:
    """Add what a registry has to what the store has; what both have is one row, with the store's time.

    Parameters
    ----------
    here : Listing
        Of the store, searched already.
    registry : str
        Host, or host and path.
    search : str
    access : mapping
        ``plain_http``, ``insecure`` and ``ca``, as of `wasmnb.image.registry.push`.
    progress : Progress, optional

    Returns
    -------
    Listing
        A registry that cannot be asked is a note, because the store was searched all the same.
    """
    from wasmnb.image.registry import listing  # noqa: PLC0415 - the HTTP library, for its users only

    title = f"Images on this machine and of {registry}"
    try:
        there = listing(registry, search=search, **access, progress=progress)
    except RegistryError as error:
        notes = (*here.notes, f"{registry} could not be searched: {error.what}")
        return type(here).of(here, title=here.title, notes=notes)
    mine = {row.reference: row.digest for row in here}
    more = [row for row in there if mine.get(row.reference) != row.digest]
    moved = [row.reference for row in more if row.reference in mine]
    notes = (*here.notes, *there.notes)
    if moved:
        notes = (*notes, f"another image here than in the registry, so twice: {', '.join(moved)}")
    return type(here).of([*here, *more], title=title, notes=notes)


def below(listing: Listing, target: str) -> Listing:
    """Keep what has a name, or stands below it."""
    start = target.rstrip("/")
    rows = [row for row in listing if row.name == start or row.name.startswith(f"{start}/")]
    return type(listing).of(rows, title=f"Images of {start}")
