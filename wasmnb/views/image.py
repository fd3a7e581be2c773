"""Records of images: built, pushed, pulled, named, removed; and of logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.display.record import Cell, Column, Record, Tone
from wasmnb.display.text import duration, size
from wasmnb.views.build import Diagnosed, diagnostics_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.image import Image, StoredImage

__all__ = ["image_record", "login_record", "removed_record", "tagged_record", "transfer_record"]


def image_record(image: Image, *, unchanged: bool = False, seconds: float | None = None) -> Record:
    """Show an image that was built, with the compiler's warnings.

    The frame has one row: ``reference``, ``digest``, ``variant``, ``abi``, ``language``, ``root_ids`` (comma between),
    ``annotations`` (``key=value``, a line break between; all ``string``) and ``size`` (``Int64``, bytes).

    Parameters
    ----------
    image : Image
    unchanged : bool
        The store had it already.
    seconds : float, optional
        How long it took.
    """
    facts = image.module.facts
    own = ("module.wasm.", "io.wasmnb.")
    notes = [f"{key}={value}" for key, value in sorted(image.annotations.items()) if not key.startswith(own)]
    columns = (
        *_NAMED,
        Column("variant"),
        Column("abi", heading="ABI"),
        Column("language"),
        Column("root_ids", heading="root ids"),
        Column("annotations", show=lambda text: Cell((text or "").replace("\n", ", "))),
        _SIZE,
    )
    row = (
        *(image.reference, image.digest, image.variant, facts.abi, facts.language),
        *(", ".join(name or repr(name) for name in facts.root_ids or ()) or None, "\n".join(notes) or None, image.size),
    )
    took = f" in {duration(seconds)}" if seconds is not None else ""
    if unchanged:
        status = "unchanged: the store has this very image"
        return Record(image.reference, status, "good", columns, (row,), tall=True)
    build = image.module.build
    warnings: tuple[Diagnosed, ...] = tuple(build.warnings) if build else ()  # type: ignore[arg-type]
    status, tone = f"built and kept in the store{took}", "warn" if warnings else "good"
    blocks = diagnostics_record(warnings).blocks
    return Record(image.reference, status, tone, columns, (row,), blocks, tall=True)  # type: ignore[arg-type]


def transfer_record(done: Any) -> Record:
    """Show a push or a pull (`wasmnb.session.Transfer`).

    The frame has one row: ``reference``, ``digest``, ``pinned`` (``string``) and ``size`` (``Int64``, bytes).
    """
    columns = (*_NAMED, Column("pinned", shown=False), _SIZE)
    if done.unchanged:
        where = "there" if done.verb == "pushed" else "here"
        status = f"unchanged: {done.digest} is {where} already, nothing was {done.verb}"
    else:
        status = f"{done.verb} in {duration(done.seconds)}: {done.digest}"
    row = (done.reference, done.digest, done.pinned, done.size)
    return Record(done.reference, status, "good", columns, (row,), notes=(done.note,) if done.note else (), tall=True)


def tagged_record(image: StoredImage, source: str, before: str) -> Record:
    """Show an image's new name; the frame has ``reference``, ``digest`` (``string``) and ``size`` (``Int64``).

    Parameters
    ----------
    image : StoredImage
        Under its new name.
    source : str
        The name it had.
    before : str
        The digest that the new name meant before; empty when it was free.
    """
    status = f"names what {source} names"
    notes: tuple[str, ...] = ()
    if before == image.digest:
        status = f"unchanged: names what {source} names already"
    elif before:
        notes = (f"the name has moved: it was {before}",)
    row = (image.reference, image.digest, image.size)
    return Record(image.reference, status, "good", (*_NAMED, _SIZE), (row,), notes=notes, tall=True)


def removed_record(images: Sequence[StoredImage], freed: int) -> Record:
    """Show what the store has forgotten; the frame has ``reference``, ``digest`` (``string``) and ``size`` (``Int64``).

    Parameters
    ----------
    images : sequence of StoredImage
    freed : int
        Bytes.
    """
    rows = tuple((image.reference, image.digest, image.size) for image in images)
    rest = f"{size(freed)} freed" if freed else "nothing freed: other names, or other kernels, need its parts"
    return Record("Images", f"{len(rows)} removed, {rest}", "good", (*_NAMED, _SIZE), rows)


def login_record(host: str, words: str, tone: Tone = "good") -> Record:
    """Show what became of a login or logout; the frame has one row: ``host`` and ``result`` (``string``)."""
    columns = (Column("host", shown=False), Column("result", shown=False))
    return Record(host, words, tone, columns, ((host, words),))


_NAMED = (
    Column("reference", code=True),
    Column("digest", code=True),
)
_SIZE = Column("size", "Int64", show=lambda count: Cell("" if count is None else size(count)))
