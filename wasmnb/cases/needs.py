"""What a case asks for that only one of the hosts can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.cases.model import HTTP_PHASES, Phase

if TYPE_CHECKING:
    from wasmnb.cases.model import Case, Stream

__all__ = ["needs_emulator"]


def needs_emulator(case: Case) -> str:
    """Say why an Envoy cannot run a case; empty when it can."""
    outcome = case.outcome
    asked = {
        "properties that are given": case.properties,
        "a clock that stands still": case.time is not None,
        "shared data that is there before": case.shared_data,
        "queues that are there before": case.queues,
        "what is in the shared data": outcome is not None and outcome.shared_data,
        "what is left in the queues": outcome is not None and outcome.queues,
        "what comes out with each piece of a body": any(map(_by_piece, case.streams)),
        "a path with a fragment": any(map(_fragment, case.streams)),
        "a content-length that the body does not have": any(map(_untrue_length, case.streams)),
    }
    wanted = next((what for what, there in asked.items() if there), "")
    return f"an Envoy cannot give {wanted}" if wanted else ""


def _by_piece(stream: Stream) -> bool:
    return any(
        len(pieces) > 1 and any(one.result is not None for one in pieces)
        for phase in HTTP_PHASES
        if (pieces := stream.phases.get(phase, ()))
    )


def _fragment(stream: Stream) -> bool:
    # Envoy answers it with 400, before any filter.
    return any(name == ":path" and "#" in value for name, value in stream.headers(Phase.REQUEST_HEADERS))


def _untrue_length(stream: Stream) -> bool:
    # HTTP/2 takes that for an error of the stream (RFC 9113, 8.1.1), but for an answer to HEAD and a 304.
    bodiless = (":method", "HEAD") in stream.headers(Phase.REQUEST_HEADERS) or (":status", "304") in stream.headers(
        Phase.RESPONSE_HEADERS
    )
    for headers, body in ((Phase.REQUEST_HEADERS, Phase.REQUEST_BODY), (Phase.RESPONSE_HEADERS, Phase.RESPONSE_BODY)):
        said = [value for name, value in stream.headers(headers) if name.lower() == "content-length"]
        if said and said[0] != str(sum(map(len, stream.chunks(body)))) and (headers.of_request or not bodiless):
            return True
    return False
