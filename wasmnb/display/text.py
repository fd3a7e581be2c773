"""Text that is safe to show and lines up: widths, cutting, short forms."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "age",
    "cut",
    "cut_words",
    "duration",
    "pad",
    "several",
    "short_digest",
    "size",
    "sparkline",
    "visible",
    "width",
]

_DIGEST_SHOWN = len("sha256:") + 12
_TENTHS_BELOW = 0.01
_MILLISECONDS_UNTIL = 1.0
_TENTHS_UNTIL = 10.0
_MOST_PER_COLUMN = 8
_BARS = "▁▂▃▄▅▆▇█"


def visible(text: str, keep: str = "") -> str:
    r"""Write control and direction characters as ``\x1b``, so that a header or a log cannot steer a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in keep or not unicodedata.category(character).startswith(("Cc", "Cf", "Cs", "Zl", "Zp"))
        # ``ascii`` is the escape that Python itself shows.
        else ascii(character)[1:-1]
        for character in text
    )


def width(text: str) -> int:
    """Count the terminal columns of a text: two for a wide character (Unicode TR 11), none for a combining one.

    A control character takes none; `visible` writes it out where it is to be seen.
    """
    if text.isascii() and text.isprintable():
        return len(text)
    from wcwidth import wcswidth, wcwidth  # noqa: PLC0415 - its tables take 30 ms, and much of what is shown is ASCII

    columns = wcswidth(text)
    return columns if columns >= 0 else sum(max(wcwidth(character), 0) for character in text)


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Fill a text with spaces to a number of terminal columns."""
    fill = " " * (columns - width(text))
    return fill + text if right else text + fill


def cut(text: str, columns: int) -> str:
    """Shorten a text to at most so many terminal columns, with ``…`` where something is left out."""
    if width(text) <= columns:
        return text
    kept = ""
    # What joins and combines has no width of its own, and is measured with what it stands behind; a text of nothing
    # else ends somewhere too.
    for character in text[: _MOST_PER_COLUMN * columns]:
        if width(kept + character) > columns - 1:
            break
        kept += character
    return kept + "…"


def cut_words(text: str, columns: int) -> str:
    """Shorten a sentence as `cut` does, but between its words, unless that leaves half of the room empty."""
    shown = cut(text, columns)
    if shown == text or text[len(shown) - 1].isspace():
        return shown
    whole = shown[:-1].rpartition(" ")[0].rstrip(" ,;:(")
    return f"{whole}…" if width(whole) > columns // 2 else shown


def several(count: int, thing: str, more: str = "") -> str:
    """Give a number with its noun: ``1 pod``, ``2 pods``; ``more`` for a plural that is not made with an s."""
    return f"{count:,} {thing if count == 1 else more or f'{thing}s'}"


def short_digest(digest: str) -> str:
    """Give ``sha256:`` and twelve digits; enough to tell builds apart by eye."""
    return digest[:_DIGEST_SHOWN]


def duration(seconds: float) -> str:
    """Give a span of time in the unit a reader would choose."""
    if seconds < _MILLISECONDS_UNTIL:
        return f"{seconds * 1000:.2g} ms" if seconds < _TENTHS_BELOW else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _TENTHS_UNTIL else f"{seconds:.0f} s"


def age(since: datetime, now: datetime | None = None) -> str:
    """Give the time since then as ``kubectl`` does, in one unit."""
    seconds = max(int(((now or datetime.now(timezone.utc)) - since).total_seconds()), 0)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def sparkline(shares: Sequence[float | None]) -> str:
    """Draw shares from 0 to 1 as a line of blocks; the lowest is 0 alone, and ``·`` stands where none is known."""
    top = len(_BARS) - 1
    return "".join("·" if share is None else _BARS[ceil(min(max(share, 0.0), 1.0) * top)] for share in shares)


def size(count: int) -> str:
    """Give a number of bytes with its thousands apart."""
    return f"{count:,} bytes"
