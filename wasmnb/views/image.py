"""Records of images: built, pushed, pulled, named, removed, listed, looked into; and of logins."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from wasmnb.display import Block, Cell, Record, Tone
from wasmnb.display.text import duration, several, short_digest, size
from wasmnb.module.facts import facts_rows
from wasmnb.views.build import Diagnosed, diagnostics_record

if TYPE_CHECKING:
    from datetime import datetime

    from wasmnb.image import Inspection, Listing
    from wasmnb.image.registry.login import LoggedOut, Login
    from wasmnb.image.registry.server.served import ServedRegistry
    from wasmnb.image.results import Built, Removed, Tagged, Transfer

__all__ = [
    "built_record",
    "inspection_record",
    "listing_record",
    "login_record",
    "logout_record",
    "removed_record",
    "served_record",
    "tagged_record",
    "transfer_record",
]

_WIDE = 110
_ACCEPTED: dict[str, tuple[str, Tone]] = {"yes": ("✓", "good"), "no": ("✗", "bad"), "cannot tell": ("!", "warn")}


def built_record(done: Built) -> Record:
    """Show an image that was built, with the compiler's warnings."""
    columns = done.table.look(
        **_NAMED,
        abi={"heading": "ABI"},
        root_ids={"heading": "root ids"},
        annotations={"show": lambda text: Cell((text or "").replace("\n", ", "))},
    )
    if done.unchanged:
        status = "unchanged: the store has this very image"
        return Record(done.reference, status, "good", columns, done.table.rows, tall=True)
    build = done.image.module.build
    warnings: tuple[Diagnosed, ...] = tuple(build.warnings) if build else ()  # type: ignore[arg-type]
    status = f"built and kept in the store in {duration(done.seconds)}"
    blocks = diagnostics_record(warnings).blocks
    return Record(done.reference, status, "warn" if warnings else "good", columns, done.table.rows, blocks, tall=True)


def transfer_record(done: Transfer) -> Record:
    """Show a push or a pull."""
    if done.unchanged:
        where = "there" if done.verb == "pushed" else "here"
        status = f"unchanged: {done.digest} is {where} already, nothing was {done.verb}"
    else:
        status = f"{done.verb} in {duration(done.seconds)}: {done.digest}"
    notes = (done.note,) if done.note else ()
    columns = done.table.look(hidden=("pinned",), **_NAMED)
    return Record(done.reference, status, "good", columns, done.table.rows, notes=notes, tall=True)


def tagged_record(done: Tagged) -> Record:
    """Show an image's new name."""
    status = f"names what {done.source} names"
    notes: tuple[str, ...] = ()
    if done.unchanged:
        status = f"unchanged: names what {done.source} names already"
    elif done.before:
        notes = (f"the name has moved: it was {done.before}",)
    return Record(done.reference, status, "good", done.table.look(**_NAMED), done.table.rows, notes=notes, tall=True)


def removed_record(done: Removed) -> Record:
    """Show what the store has forgotten."""
    rest = f"{size(done.freed)} freed" if done.freed else "nothing freed: other names, or other kernels, need its parts"
    status = f"{len(done.images)} removed, {rest}"
    return Record("Images", status, "good", done.table.look(**_NAMED), done.table.rows)


def login_record(done: Login) -> Record:
    """Show a login."""
    return _told(done, "good" if done.checked else "warn")


def logout_record(done: LoggedOut) -> Record:
    """Show a logout."""
    return _told(done, "good")


def served_record(served: ServedRegistry) -> Record:
    """Show the registry that this kernel serves."""
    columns = served.table.look(host={"heading": "registry", "code": True}, path={"code": True})
    return Record("Registry", str(served), "good" if served.host else "", columns, served.table.rows)


def listing_record(listing: Listing) -> Record:
    """Show the images of the store or of a registry."""
    count = len(listing)
    columns = listing.table.look(
        size={"show": lambda size: Cell("" if size is None else f"{size:,}")},
        digest={"show": lambda digest: Cell(short_digest(digest), digest), "code": True},
        updated={"show": _when},
        abi={"heading": "ABI"},
        root_ids={"heading": "root ids"},
    )
    status = several(count, "image")
    return Record(listing.title, status, "", columns, listing.table.rows, notes=listing.notes)


def inspection_record(seen: Inspection) -> Record:
    """Show what is known of an image, and who takes it."""
    columns = seen.table.look(
        hidden=("why",),
        accepted={"heading": "takes it", "show": lambda word: Cell(word, "", *_ACCEPTED[word])},
    )
    return Record(
        f"Image {seen.reference or seen.digest}",
        f"{seen.form}, {seen.size:,} bytes",
        "bad" if seen.problems else "good",
        columns,
        seen.table.rows,
        (Block("Why", tuple(_reasons(seen))), Block("What is in it", tuple(_facts(seen)))),
        seen.problems,
    )


def _reasons(seen: Inspection) -> list[str]:
    """Give each reason once, whole: a table would cut it."""
    reasons: dict[str, list[str]] = {}
    for item in seen.consumers:
        reasons.setdefault(item.why, []).append(item.consumer)
    texts = (f"{', '.join(names)}: {why}" for why, names in reasons.items())
    return [line for text in texts for line in wrap(text, _WIDE, subsequent_indent="  ", break_on_hyphens=False)]


def _facts(seen: Inspection) -> list[str]:
    lines = [f"digest    {seen.digest}"]
    if seen.used != seen.digest:
        lines.append(f"used      {seen.used}")
    lines += [f"layer     {item.media_type}, {item.size:,} bytes {item.title}".rstrip() for item in seen.layers]
    lines += [f"{key} = {value}" for key, value in sorted(seen.annotations.items())]
    if seen.module is not None:
        lines += [f"module {name}: {text}" for name, text in facts_rows(seen.module.facts) if name != "problem"]
    return lines


def _told(done: Login | LoggedOut, tone: Tone) -> Record:
    return Record(done.host, str(done), tone, done.table.look(hidden=("host", "result")), done.table.rows)


def _when(value: datetime | None) -> Cell:
    return Cell("") if value is None else Cell(value.strftime("%Y-%m-%d %H:%M"), value.isoformat())


_NAMED: dict[str, dict[str, Any]] = {
    "reference": {"code": True},
    "digest": {"code": True},
    "size": {"show": lambda count: Cell("" if count is None else size(count))},
}
