"""A request that was seen, as a case: what of its answer is the filter's own must come out again.

What a filter does to a request cannot be read from the answer alone: a line may be the service's. So the filter is
given the request and a bare answer once; what comes out with it, and was seen, is the filter's own.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from wasmnb import redact
from wasmnb.cases.model import Case, Invocation, Phase, Stream
from wasmnb.cases.observation import Part
from wasmnb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from wasmnb.cases.model import Environment, Immediate, Lines
    from wasmnb.cases.observation import Exchange as Seen
    from wasmnb.traffic import Exchange

__all__ = ["appended", "recorded"]

# What proxies and connections write, and what differs from one answer to the next.
_OTHERS = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding", "via"}
_PREFIXES = ("x-envoy-", "x-b3-", "x-forwarded-")
_IDS = {"traceparent", "tracestate", "x-request-id"}
_BODY = 2000  # bytes of a body that a case shows


class _Line(dict[str, str]):
    """A header line, which stands on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes each header on one line."""


_Dumper.add_representer(
    _Line, lambda dumper, line: dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)
)


def recorded(
    taken: Exchange,
    environment: Environment,
    run: Callable[[Case], Seen],
    *,
    name: str,
    secrets: Collection[str] = (),
) -> str:
    """Write a case of an exchange, as an item of ``test:`` in YAML.

    Parameters
    ----------
    taken : Exchange
    environment : Environment
        What the filter is configured with.
    run : callable
        Runs a case on the filter, and gives what was seen of its request.
    name : str
    secrets : collection of str
        Masked, as credentials and cookies are: what goes in is ``***`` then, and of what comes out nothing is asked.

    Raises
    ------
    UsageError
        The filter alone answers otherwise, what it writes is not what was seen so that nothing could be asked of it, or
        the body of the request is too long for a case.
    """
    if len(taken.request.body) > _BODY:
        raise UsageError(
            f"A body of {len(taken.request.body):,} bytes is too long for a case.",
            hint="write the case with input: {file: PATH}",
        )
    request, status = _request(taken), str(taken.response.status)
    body = (Invocation((), taken.request.body),) if taken.request.body else ()
    stream = Stream(
        {
            Phase.REQUEST_HEADERS: (Invocation(request),),
            **({Phase.REQUEST_BODY: body} if body else {}),
            Phase.RESPONSE_HEADERS: (Invocation(((":status", status),)),),
        }
    )
    seen = run(Case(name, (stream,), environment))
    out = seen.response.get(Phase.RESPONSE_HEADERS, Part()).headers
    if (":status", status) not in out:
        alone = seen.failure or f"it answers {dict(out).get(':status', 'nothing')}"
        raise UsageError(
            f"The answer {status} is not the filter's alone.",
            why=[f"of the same request and a service that answers {status}: {alone}"],
            hint="another plugin may have answered, or this one has another configuration",
        )
    reply = next((one.replied for one in seen.callbacks if one.replied is not None), None)
    told = _told(taken.response.headers)
    ours = [line for line in told if line in out]
    others = [line for line in _told(out) if line not in told and line[0] != ":status"]
    shown = partial(_Shown, tuple(secrets))
    given = shown(line for line in request if not line[0].startswith(":"))
    result = _answered(reply, shown(ours), seen) if reply else _changed(request, seen, taken, shown)
    if others and not (ours or result):
        raise UsageError(
            "What the filter writes is not in the answer, so that a case would ask nothing of it.",
            why=[f"it writes {line['key']}: {line['value']}" for line in shown(others).given],
            hint="another build may be in force than the one that the case would try: deploy that, and send it again",
        )
    found: dict[str, Any] = {
        "name": name,
        "request": f"{taken.request.method} {redact.url(taken.request.path)}",
        "config": _configuration(redact.text(environment.config or "", secrets)),
        "request_headers": _phase(given, result),
        "request_body": [{"input": {"content": _body(one.body, secrets)}} for one in body],
    }
    if reply is None:
        found["response"] = taken.response.status
        # A line that the filter writes anew each time is not the service's.
        written = {name for name, _ in others}
        service = shown(line for line in told if line not in ours and line[0] not in written)
        found["response_headers"] = _phase(service, {"has_header": shown(ours).asked} if ours else {})
    made = {key: value for key, value in found.items() if value not in ({}, [], "")}
    return str(yaml.dump([made], Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000))


def appended(text: str, item: str) -> str:
    """Give cases with one more.

    Parameters
    ----------
    text : str
        YAML; empty where there is no case yet.
    item : str
        As `recorded` gives it.

    Raises
    ------
    UsageError
        ``test:`` is not what the text ends with, or is written within brackets.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        return f"test:\n{item}"
    key, tests = node.value[-1]
    if key.value != "test" or tests.flow_style or not isinstance(tests, yaml.SequenceNode):
        raise UsageError(
            "The case cannot be added to the cases that there are.",
            hint="write test: last, and each case on lines of its own that begin with -",
        )
    indent = " " * tests.start_mark.column
    lines = "".join(f"{indent}{line}\n" if line else "\n" for line in item.splitlines())
    return f"{text.rstrip()}\n{lines}"


def _configuration(text: str) -> Any:
    """Give a configuration as a case has it: what is JSON as a tree."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list) else text


def _request(taken: Exchange) -> Lines:
    sent = taken.request
    pseudo = ((":method", sent.method), (":path", sent.path), (":scheme", "http"), (":authority", sent.authority))
    return (*pseudo, *_told(sent.headers))


def _told(lines: Iterable[tuple[str, str]]) -> Lines:
    """Give the lines that are neither a proxy's nor another one each time, with their names as a filter sees them."""
    low = ((name.lower(), value) for name, value in lines)
    return tuple(
        line for line in low if line[0] not in _OTHERS and line[0] not in _IDS and not line[0].startswith(_PREFIXES)
    )


class _Shown:
    """Header lines as a case shows them; several of one name are joined, as a case compares them."""

    def __init__(self, secrets: Collection[str], lines: Iterable[tuple[str, str]]) -> None:
        joined: dict[str, str] = {}
        for name, value in lines:
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        masked = {
            name: redact.MASK if redact.is_secret(name) else redact.text(value, secrets)
            for name, value in joined.items()
        }
        self.given = [_Line(key=name, value=value) for name, value in masked.items()]
        self.asked = [line for line in self.given if line["value"] == joined[line["key"]]]


def _changed(
    request: Lines, seen: Seen, taken: Exchange, shown: Callable[[Iterable[tuple[str, str]]], _Shown]
) -> dict[str, Any]:
    """Say what the filter did to the request's headers, as far as the service was seen to receive it so."""
    out = _told(seen.request.get(Phase.REQUEST_HEADERS, Part()).headers)
    names = {name for name, _ in out}
    if taken.received is not None:
        arrived = _told(taken.received.request.headers)
        names |= {name for name, _ in arrived}
        out = tuple(line for line in out if line in arrived or line[0].startswith(":"))
    gone = dict.fromkeys(name for name, _ in request if name not in names and not name.startswith(":"))
    added = shown(line for line in out if line not in request)
    found = {"has_header": added.asked, "no_header": [_Line(key=name) for name in gone]}
    return {key: value for key, value in found.items() if value}


def _answered(reply: Immediate, ours: _Shown, seen: Seen) -> dict[str, Any]:
    """Say what the filter answered by itself."""
    statuses = {"http_status": reply.http_status, "grpc_status": reply.grpc_status}
    body = seen.response.get(Phase.RESPONSE_BODY, Part()).body
    return {
        "immediate": {key: value for key, value in statuses.items() if value is not None},
        "has_header": ours.asked,
        **({"body": [_Line(exact=body.decode("utf-8", "surrogateescape"))]} if 0 < len(body) <= _BODY else {}),
    }


def _phase(lines: _Shown, result: dict[str, Any]) -> dict[str, Any]:
    header = lines.given
    return {**({"input": {"header": header}} if header else {}), **({"result": result} if result else {})}


def _body(data: bytes, secrets: Collection[str]) -> str:
    return redact.text(data.decode("utf-8", "surrogateescape"), secrets)
