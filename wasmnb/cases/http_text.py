"""Headers as a case writes them, HTTP/1 text or a method with a path, as the pseudo headers that a filter sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from wasmnb.cases.model import Lines

__all__ = ["AUTHORITY", "read_head", "read_request_line"]

AUTHORITY = "test.example"
"""The host that a request is for when a case names none."""

_REQUEST = re.compile(r"(?P<method>[!#$%&'*+.^_`|~0-9A-Za-z-]+) +(?P<target>\S+)(?: +HTTP/1\.[01])?")
_STATUS = re.compile(r"HTTP/1\.[01] +(?P<status>[1-9][0-9]{2})(?: .*)?")


def read_head(text: str, *, request: bool) -> Lines:
    """Read a first line and header lines.

    Raises
    ------
    ValueError
        They are none; the message says why.
    """
    first, *rest = [line.rstrip("\r") for line in text.split("\n")]
    fields = [_field(line) for line in rest if line.strip()]
    if not request:
        match = _STATUS.fullmatch(first.strip())
        if match is None:
            raise ValueError(f"{first!r} is not a status line, such as HTTP/1.1 200 OK")
        return ((":status", match["status"]), *fields)
    hosts = [value for name, value in fields if name == "host"]
    pseudo = _request(first.strip(), default_authority=hosts[0] if hosts else "")
    return (*pseudo, *(field for field in fields if field[0] != "host"))


def read_request_line(text: str) -> Lines:
    """Read a method with a path or URL; host and scheme are filled in.

    Raises
    ------
    ValueError
        It is none.
    """
    found = dict(_request(text.strip(), default_authority=AUTHORITY))
    found.setdefault(":scheme", "http")
    return tuple(found.items())


def _request(line: str, *, default_authority: str) -> Lines:
    match = _REQUEST.fullmatch(line)
    if match is None:
        raise ValueError(f"{line!r} is not a request line, such as GET /path")
    target = match["target"]
    found = {":method": match["method"]}
    if not target.startswith(("/", "*")):
        url = urlsplit(target)
        if not url.scheme or not url.netloc:
            raise ValueError(f"{target!r} is neither a path nor a URL")
        found[":scheme"] = url.scheme
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        default_authority = url.netloc
    found[":path"] = target
    if default_authority:
        found[":authority"] = default_authority
    return tuple(found.items())


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{line!r} is not a header line, such as name: value")
    return name.strip().lower(), value.strip()
