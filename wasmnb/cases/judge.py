"""What a case asks for, beside what a host saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.cases.model import HTTP_PHASES, Phase
from wasmnb.cases.observation import Part, phases_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wasmnb.cases.model import Case, Expectation, Immediate, Lines, Matcher, Outcome
    from wasmnb.cases.observation import Callback, Exchange, Observation

__all__ = ["Check", "judge"]

_MOST = 12  # lines of something actual that are told


@dataclass(frozen=True)
class Check:
    """One thing that a case asks for.

    Parameters
    ----------
    where : str
        The phase, with the request's number before it where there are several.
    what : str
        Such as ``has_header`` or ``log``.
    expected, actual : str
    passed : bool
    line : int
        Where the case asks for it, 1-based; 0 when unknown.
    """

    where: str
    what: str
    expected: str
    actual: str
    passed: bool
    line: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "where": self.where,
            "what": self.what,
            "expected": self.expected,
            "actual": self.actual,
            "passed": self.passed,
            "line": self.line,
        }


def judge(case: Case, seen: Observation) -> tuple[Check, ...]:
    """Compare everything that a case asks for with what was seen; a filter that fails is a check that fails."""
    return tuple(_checks(case, seen))


def _checks(case: Case, seen: Observation) -> Iterator[Check]:
    start = Phase.PLUGIN_INIT.value
    if case.refused:
        what = "the filter refuses to start"
        yield Check(start, "refused", what, "\n".join(seen.refused), bool(seen.refused), case.line)
        if case.init is not None:
            said = [text.encode("utf-8", "surrogateescape") for text in seen.refused]
            yield from _matched(case.init.log, said, start, "log")
        return
    if seen.refused:
        yield Check(start, "start", "the filter starts", "\n".join(seen.refused), False, case.line)
        return
    yield from _traps(case, seen.start, start)
    if case.init is not None:
        yield from _log(case.init.log, seen.start, start)
    for index, exchange in enumerate(seen.exchanges):
        yield from _exchange(case, index, exchange)
    if case.outcome is not None:
        yield from _outcome(case.outcome, seen)


def _exchange(case: Case, index: int, exchange: Exchange) -> Iterator[Check]:
    stream = case.streams[index]
    before = f"request {index + 1}: " if len(case.streams) > 1 else ""
    phases = phases_of(exchange.callbacks, Phase.STREAM_INIT)
    yield from _traps(case, exchange.callbacks, before.removesuffix(": "))
    if exchange.failure:
        yield Check(f"{before}response", "response", "an answer", exchange.failure, False, case.line)
    for phase, expectation in ((Phase.STREAM_INIT, stream.init), (Phase.STREAM_DESTROY, stream.destroy)):
        if expectation is not None:
            yield from _log(expectation.log, phases.get(phase, ()), before + phase.value)
    for phase in HTTP_PHASES:
        for number, one in enumerate(stream.phases.get(phase, ())):
            if one.result is None:
                continue
            several = len(stream.phases[phase]) > 1
            where = f"{before}{phase.value}{f' {number + 1}' if several else ''}"
            yield from _phase(
                one.result, phase, exchange, where, callbacks=phases.get(phase, ()), piece=number if several else None
            )


def _phase(
    asked: Expectation,
    phase: Phase,
    exchange: Exchange,
    where: str,
    *,
    callbacks: Sequence[Callback],
    piece: int | None,
) -> Iterator[Check]:
    reply = next((one.replied for one in callbacks if one.replied is not None), None)
    if asked.immediate is not None:
        yield from _immediate(asked.immediate, reply, where, asked.line)
    elif reply is not None:
        yield Check(where, "immediate", "none", _reply(reply), False, asked.line)
    part = _part(phase, exchange, replied=reply is not None)
    for name, value, line in asked.has_header:
        found = _value(part.headers, name)
        yield Check(
            where, "has_header", f"{name}: {value}", "" if found is None else f"{name}: {found}", found == value, line
        )
    for name, line in asked.no_header:
        found = _value(part.headers, name)
        yield Check(where, "no_header", f"no {name}", f"{name}: {found}" if found is not None else "", not found, line)
    lines = tuple(_joined(part.headers).items())
    yield from _matched(asked.headers, _written(lines), where, "headers", also=_written(lines, titled=True))
    body = part.body if piece is None or part.pieces is None else b"".join(part.pieces[piece : piece + 1])
    if asked.body:
        whole = _part(Phase.RESPONSE_BODY, exchange, replied=True).body if reply is not None else body
        yield from _matched(asked.body, [whole], where, "body")
    yield from _log(asked.log, callbacks, where)


def _part(phase: Phase, exchange: Exchange, *, replied: bool) -> Part:
    """Give what came out of a phase; an answer that the filter gave by itself comes out at the client."""
    if replied:
        name = phase.value.replace("request_", "response_")
        if name == Phase.RESPONSE_BODY.value:
            headers = exchange.response.get(Phase.RESPONSE_HEADERS, Part()).headers
            return Part(headers, exchange.response.get(Phase.RESPONSE_BODY, Part()).body)
        return exchange.response.get(Phase(name), Part())
    return (exchange.request if phase.of_request else exchange.response).get(phase, Part())


def _immediate(asked: Immediate, reply: Immediate | None, where: str, line: int) -> Iterator[Check]:
    if reply is None:
        yield Check(where, "immediate", _reply(asked), "none", False, line)
        return
    same = [
        wanted is None or found is None or wanted == found
        for wanted, found in (
            (asked.http_status, reply.http_status),
            (asked.grpc_status, reply.grpc_status),
            (asked.details, reply.details),
        )
    ]
    yield Check(where, "immediate", _reply(asked), _reply(reply), all(same), line)


def _reply(of: Immediate) -> str:
    said = [
        "" if of.http_status is None else f"status {of.http_status}",
        "" if of.grpc_status is None else f"gRPC status {of.grpc_status}",
        f"details {of.details!r}" if of.details is not None else "",
    ]
    return ", ".join(filter(None, said)) or "an answer"


def _traps(case: Case, callbacks: Sequence[Callback], where: str) -> Iterator[Check]:
    for one in callbacks:
        if one.trap:
            yield Check(where or one.name, "trap", f"{one.name} returns", "\n".join(one.trap), False, case.line)


def _log(asked: Sequence[Matcher], callbacks: Sequence[Callback], where: str) -> Iterator[Check]:
    said = [line.text.encode("utf-8", "surrogateescape") for one in callbacks for line in one.log]
    yield from _matched(asked, said, where, "log")


def _written(lines: Iterable[tuple[str, str]], *, titled: bool = False) -> list[bytes]:
    """Write header lines with names as proxies have them, or as people do: ``Set-Cookie``; either means the same."""
    return [f"{name.title() if titled else name}: {value}".encode("utf-8", "surrogateescape") for name, value in lines]


def _matched(
    asked: Sequence[Matcher], texts: Sequence[bytes], where: str, what: str, *, also: Sequence[bytes] = ()
) -> Iterator[Check]:
    """Hold texts against what is asked; other ways to write them, which are not shown, count as well."""
    for matcher in asked:
        passed = matcher.matches([*texts, *also])
        told = [text.decode("utf-8", "replace") for text in texts]
        more = [f"... and {len(told) - _MOST} more"] if len(told) > _MOST else []
        yield Check(where, what, str(matcher), "\n".join([*told[:_MOST], *more]), passed, matcher.line)


def _outcome(asked: Outcome, seen: Observation) -> Iterator[Check]:
    where = "outcome"
    for name, value in asked.metrics.items():
        found = seen.metrics.get(name)
        yield Check(
            where,
            "metrics",
            f"{name}: {value}",
            f"{name}: {'none' if found is None else found}",
            found == value,
            asked.line,
        )
    for name, data in asked.shared_data.items():
        yield _kept(name, data, (seen.shared_data or {}).get(name), "shared_data", asked.line)
    for name, items in asked.queues.items():
        left = (seen.queues or {}).get(name, ())
        yield _kept(name, b", ".join(items), b", ".join(left), "queues", asked.line)
    yield from _matched(asked.calls, [call.encode() for call in seen.calls], where, "calls")
    lines, titled = (_written(seen.call_headers, titled=titled) for titled in (False, True))
    yield from _matched(asked.call_headers, lines, where, "call_headers", also=titled)
    said = [line.text.encode("utf-8", "surrogateescape") for line in seen.log]
    yield from _matched(asked.log, said, where, "log")


def _kept(name: str, wanted: bytes | None, found: bytes | None, what: str, line: int) -> Check:
    told = [f"{name}: {'none' if one is None else one.decode('utf-8', 'replace')}" for one in (wanted, found)]
    return Check("outcome", what, told[0], told[1], wanted == found, line)


def _joined(lines: Lines) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in lines:
        found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    return found


def _value(lines: Lines, name: str) -> str | None:
    return _joined(lines).get(name.lower())
