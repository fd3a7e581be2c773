"""Numbers and names that the ABI fixes."""

from __future__ import annotations

from pathlib import Path

from tests.sdk.harness import PRELUDE, build
from wasmnb import sdk

# Proxy-Wasm ABI 0.2.1, "Types".
ENUMS = {
    "WasmResult": "Ok NotFound BadArgument SerializationFailure ParseFailure BadExpression InvalidMemoryAccess Empty "
    "CasMismatch ResultMismatch InternalFailure BrokenConnection Unimplemented",
    "WasmHeaderMapType": "RequestHeaders RequestTrailers ResponseHeaders ResponseTrailers GrpcReceiveInitialMetadata "
    "GrpcReceiveTrailingMetadata HttpCallResponseHeaders HttpCallResponseTrailers",
    "WasmBufferType": "HttpRequestBody HttpResponseBody NetworkDownstreamData NetworkUpstreamData HttpCallResponseBody "
    "GrpcReceiveBuffer VmConfiguration PluginConfiguration CallData",
    "WasmBufferFlags": "- EndOfStream",
    "WasmStreamType": "Request Response Downstream Upstream",
    "LogLevel": "trace debug info warn error critical",
    "FilterStatus": "Continue StopIteration",
    "FilterHeadersStatus": "Continue StopIteration ContinueAndEndStream StopAllIterationAndBuffer "
    "StopAllIterationAndWatermark",
    "FilterDataStatus": "Continue StopIterationAndBuffer StopIterationAndWatermark StopIterationNoBuffer",
    "FilterTrailersStatus": "Continue StopIteration",
    "FilterMetadataStatus": "Continue",
    "GrpcStatus": "Ok Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied "
    "ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss "
    "Unauthenticated",
    "MetricType": "Counter Gauge Histogram",
    "CloseType": "Unknown Local Remote",
    "PeerType": "Unknown Local Remote",
    "MetricTag::TagType": "String Int Bool",
}
LAST = {
    "WasmHeaderMapType::MAX": 7,
    "WasmBufferType::MAX": 8,
    "WasmStreamType::MAX": 3,
    "LogLevel::Max": 5,
    "MetricType::Max": 2,
    "GrpcStatus::MaximumValid": 16,
    "GrpcStatus::InvalidCode": -1,
    "BufferFlags::EndOfStream": 1,
    "StreamType::Upstream": 3,
}


def test_every_enumerator_has_the_abi_s_number():
    wanted = dict(LAST)
    for enum, names in ENUMS.items():
        wanted |= {f"{enum}::{name}": number for number, name in enumerate(names.split()) if name != "-"}
    checks = "\n".join(f'static_assert(static_cast<int>({name}) == {number}, "");' for name, number in wanted.items())
    build("enums", PRELUDE + checks)


def test_every_host_function_is_declared_and_allowed():
    declared = (sdk.include_dir / "proxy_wasm_externs.h").read_text()
    assert len(sdk.host_functions()) == 39
    for name in sdk.host_functions():
        assert f"PROXY_WASM_HOST({name})" in declared


def test_every_source_is_there():
    assert {path.suffix for path in sdk.sources()} == {".cc"}
    assert Path("memory.cc") in {Path(path.name) for path in sdk.sources()}


EXPRESSIONS = """
#include "contrib/proxy_expr.h"
class Expressions : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    uint32_t token = 0;
    bool starts = false;
    int64_t number = 0;
    std::string text;
    tell("create", createExpression("request.path.startsWith('/api')", &token));
    tell("bool", evaluateExpression(token, &starts) && starts);
    tell("wrong kind", evaluateExpression(token, &number));
    tell("delete", exprDelete(token));
    tell("gone", exprEvaluate(token).has_value());
    createExpression("request.path + '!'", &token);
    tell("string", evaluateExpression(token, &text));
    tell("text", text);
    tell("bad", createExpression("request.path +", &token) != WasmResult::Ok);
    return answer();
  }
};
static RegisterContextFactory register_Expressions(CONTEXT_FACTORY(Expressions));
"""


def test_expressions_are_evaluated(start):
    told = start(PRELUDE + EXPRESSIONS).request("/api").told
    assert (told.pop("create"), told.pop("delete"), told.pop("text")) == ("Ok", "Ok", "/api!")
    assert told == {"bool": "1", "wrong kind": "0", "gone": "0", "string": "1", "bad": "1"}
