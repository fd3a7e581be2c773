"""The numbers of the Proxy-Wasm ABI (proxy-wasm/spec, 0.1.0 to 0.2.1), and which of them Envoy gives."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "BufferType",
    "DataAction",
    "LogLevel",
    "MapType",
    "MetricType",
    "Status",
    "StreamType",
    "grpc_of_http",
]


class Status(IntEnum):
    """What a host call returns."""

    OK = 0
    NOT_FOUND = 1
    BAD_ARGUMENT = 2
    SERIALIZATION_FAILURE = 3
    PARSE_FAILURE = 4
    INVALID_MEMORY_ACCESS = 6
    EMPTY = 7
    CAS_MISMATCH = 8
    INTERNAL_FAILURE = 10
    UNIMPLEMENTED = 12


class MapType(IntEnum):
    """Header maps."""

    REQUEST_HEADERS = 0
    REQUEST_TRAILERS = 1
    RESPONSE_HEADERS = 2
    RESPONSE_TRAILERS = 3
    GRPC_INITIAL_METADATA = 4
    GRPC_TRAILING_METADATA = 5
    CALL_RESPONSE_HEADERS = 6
    CALL_RESPONSE_TRAILERS = 7


class BufferType(IntEnum):
    """Buffers."""

    REQUEST_BODY = 0
    RESPONSE_BODY = 1
    DOWNSTREAM_DATA = 2
    UPSTREAM_DATA = 3
    CALL_RESPONSE_BODY = 4
    GRPC_MESSAGE = 5
    VM_CONFIGURATION = 6
    PLUGIN_CONFIGURATION = 7
    CALL_DATA = 8


class StreamType(IntEnum):
    """What `continue_stream` and `close_stream` are about."""

    REQUEST = 0
    RESPONSE = 1
    DOWNSTREAM = 2
    UPSTREAM = 3


class DataAction(IntEnum):
    """What a callback of a body returns."""

    CONTINUE = 0
    STOP_AND_BUFFER = 1
    STOP_AND_WATERMARK = 2
    STOP_NO_BUFFER = 3


class LogLevel(IntEnum):
    """How important what is logged is."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4
    CRITICAL = 5


class MetricType(IntEnum):
    """Kinds of metrics."""

    COUNTER = 0
    GAUGE = 1
    HISTOGRAM = 2


_GRPC_OF_HTTP = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14}
_UNKNOWN = 2


def grpc_of_http(status: int) -> int:
    """Give the gRPC status that an HTTP status stands for (gRPC, ``http-grpc-status-mapping.md``)."""
    return _GRPC_OF_HTTP.get(status, _UNKNOWN)
