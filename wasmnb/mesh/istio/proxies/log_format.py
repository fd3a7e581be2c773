"""The lines of a proxy's log, in either of the formats that Istio gives its Envoys, read into their fields.

Sources: Istio, ``pkg/envoy/proxy.go`` (the formats of Envoy's lines, fields between tabs or JSON), ``pkg/log`` (those
of its agent); Envoy 1.40, ``context.cc`` (what stands before a line that a filter logs).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Record", "read_record", "read_records", "whole_records"]

_TABS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z\t(?P<level>[a-z]+)\t")
_THREAD = "\tthread="
_END = re.compile(r"\tthread=\d+$")
_SCOPE = re.compile(r"(?:(?P<envoy>envoy) )?(?P<scope>[a-z0-9_]+)(?: \S+)?")
_OWN = "wasm log"
"""What Envoy puts before each line that a filter logs."""


@dataclass(frozen=True)
class Record:
    """A line of a proxy or of its agent.

    Parameters
    ----------
    level, scope : str
        Such as ``error`` and ``wasm``; the scope is empty where none is said.
    envoy : bool
        Whether Envoy itself wrote it, not the agent beside it.
    message : str
        Without time, level, source file and thread.
    thread : str
        Empty where none is said.
    """

    level: str
    scope: str
    envoy: bool
    message: str
    thread: str = ""

    @property
    def filters_own(self) -> bool:
        """Whether a filter logged it: what it says is not Envoy's word."""
        return self.envoy and self.scope == "wasm" and self.message.startswith(_OWN)


def read_record(text: str) -> Record | None:
    """Read a line; None where it has neither format, as that of a request (the access log) or the rest of a message."""
    if text.startswith("{"):
        return _json(text)
    found = _TABS.match(text)
    if found is None:
        return None
    rest, sign, thread = text[found.end() :].rpartition(_THREAD)
    if not (sign and thread.isdecimal()):
        rest, thread = text[found.end() :], ""
    head, tab, message = rest.partition("\t")
    scope = _SCOPE.fullmatch(head) if tab else None
    if scope is None:
        return Record(found["level"], "", False, rest)
    return Record(found["level"], scope["scope"], scope["envoy"] is not None, message, thread)


def read_records(lines: Iterable[str]) -> Iterator[Record | None]:
    """Read each line; those that go on with what a filter logs are the filter's too, whatever they look like.

    Between tabs Envoy's thread ends a record, so that one without it has not come to its end.
    """
    own: Record | None = None
    for line in lines:
        record = read_record(line) if own is None else own
        yield record
        if own is not None:
            own = None if _END.search(line) else own
        elif record is not None and record.filters_own and not (record.thread or line.startswith("{")):
            own = record


def whole_records(lines: Iterable[str]) -> Iterator[Record]:
    """Read lines, and put together those of a record that has several: between tabs, its thread ends it."""
    kept: list[str] = []
    for line in lines:
        record = read_record("\n".join([*kept, line]))
        if record is None or (record.envoy and not record.thread):
            # Its end, or what is no record at all, such as an access log.
            kept = [*kept, line] if kept or record is not None else []
            continue
        kept = []
        yield record


def _json(text: str) -> Record | None:
    try:
        values = json.loads(text)
        level, scope, message = (str(values.get(name) or "") for name in ("level", "scope", "msg"))
    except (ValueError, AttributeError):
        return None
    if not level or "msg" not in values:
        return None
    name = scope.removeprefix("envoy ")
    return Record(level, name, name != scope, message, str(values.get("thread") or ""))
