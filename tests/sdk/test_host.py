"""Properties, filter state, shared data and queues, time, log lines, and failing checks."""

from __future__ import annotations

import re

import pytest

from tests.sdk.harness import PRELUDE, Plugin, Proxy, build

PROPERTIES = """
class Properties : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    std::string text;
    int64_t port = 0;
    uint64_t size = 7;
    bool flag = true;
    double number = 0;
    tell("path", getProperty({"request", "path"}).value()->view());
    tell("string", getValue({"request", "method"}, &text));
    tell("method", text);
    tell("vector", getProperty(std::vector<std::string>{"request", "headers", "x-deep"}).value()->view());
    tell("views", getProperty(std::vector<StringView>{"request", "method"}).value()->view());
    tell("vector value", getValue(std::vector<std::string>{"request", "host"}, &text));
    tell("host", text);
    tell("int64", getValue<int64_t>({"destination", "port"}, &port));
    tell("port", static_cast<uint64_t>(port));
    tell("uint64", getValue({"request", "total_size"}, &size));
    tell("wrong size", getValue({"destination", "port"}, &flag));
    tell("kept", flag);
    tell("bool", getValue({"connection", "mtls"}, &flag));
    tell("mtls", flag);
    tell("double", getValue({"request", "path"}, &number));
    tell("time", getValue({"request", "time"}, &port) && port > 1700000000000000000);
    tell("none", getProperty({"request", "headers", "absent"}).has_value());
    tell("no such", getProperty({"nothing"}).has_value());
    tell("plugin", getProperty({"plugin_name"}).value()->view());
    tell("set", setFilterState("mine", "state"));
    tell("set string", setFilterStateStringValue("other", "text"));
    tell("state", getProperty({"mine"}).value()->view());
    tell("other", getProperty({"filter_state", "wasm.other"}).value()->view());
    return answer();
  }
};
static RegisterContextFactory register_Properties(CONTEXT_FACTORY(Properties));
"""


def test_properties_of_every_kind_are_read_and_filter_state_is_set(start):
    proxy = start(PRELUDE + PROPERTIES)
    told = proxy.request("/some?x=1", headers=[("x-deep", "value")]).told
    yes = ("string", "vector value", "int64", "uint64", "bool", "time", "kept")
    assert [name for name in yes if told[name] != "1"] == []
    no = ("wrong size", "mtls", "double", "none", "no such")
    assert [name for name in no if told[name] != "0"] == []
    assert (told["path"], told["method"], told["vector"]) == ("/some?x=1", "GET", "value")
    assert told["views"] == "GET"
    assert (told["host"], told["port"], told["plugin"]) == ("upstream", str(proxy.http_port), "plugin")
    assert (told["set"], told["set string"], told["state"], told["other"]) == ("Ok", "Ok", "state", "text")


SHARED = """
class Shared : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    WasmDataPtr value;
    uint32_t cas = 99, later = 0;
    tell("absent", getSharedData("key", &value));
    tell("write", setSharedData("key", "first"));
    tell("read", getSharedData("key", &value, &cas));
    tell("value", value->view());
    tell("cas", setSharedData("key", "second", cas));
    tell("stale", setSharedData("key", "third", cas));
    tell("direct", getSharedDataValue("key", &later)->view());
    tell("newer", later != cas);
    uint32_t queue = 0, resolved = 0;
    tell("register", registerSharedQueue("queue", &queue));
    tell("resolve", resolveSharedQueue("plugin", "queue", &resolved));
    tell("same", queue == resolved);
    tell("unresolved", resolveSharedQueue("plugin", "other", &resolved));
    tell("empty", dequeueSharedQueue(queue, &value));
    tell("enqueue", enqueueSharedQueue(queue, "one"));
    tell("again", enqueueSharedQueue(queue, StringView("t\\0o", 3)));
    tell("dequeue", dequeueSharedQueue(queue, &value));
    tell("first", value->view());
    dequeueSharedQueue(queue, &value);
    tell("second", value->size());
    tell("no queue", enqueueSharedQueue(4711, "x"));
    return answer();
  }
};
static RegisterContextFactory register_Shared(CONTEXT_FACTORY(Shared));
"""


def test_shared_data_is_compared_and_set_and_queues_keep_their_order(start):
    told = start(PRELUDE + SHARED).request().told
    for name in ("write", "read", "cas", "register", "resolve", "enqueue", "again", "dequeue"):
        assert told[name] == "Ok", name
    assert (told["absent"], told["stale"], told["empty"]) == ("NotFound", "CasMismatch", "Empty")
    assert (told["unresolved"], told["no queue"]) == ("NotFound", "NotFound")
    assert (told["value"], told["direct"], told["newer"], told["same"]) == ("first", "second", "1", "1")
    assert (told["first"], told["second"]) == ("one", "3")


LOGS = """
class Logs : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    logTrace("plain trace"); logDebug("plain debug"); logInfo("plain info");
    logWarn("plain warn"); logError("plain error"); logCritical("plain critical");
    const std::string text = "text";
    const StringView view = "view";
    LOG_TRACE("macro trace"); LOG_DEBUG("macro debug"); LOG_INFO("macro info " + text);
    LOG_WARN(std::string("macro warn ") + toString(5)); LOG_ERROR("macro " "error " + "and " + view);
    LOG_CRITICAL(text + " macro " + std::to_string(1) + '!');
    LOG(Info, "macro by level");
    tell("result", logInfo(""));
    LogLevel level = LogLevel::critical;
    tell("level", getLogLevel(&level));
    tell("trace", level == LogLevel::trace);
    tell("time", getCurrentTimeNanoseconds() > 1700000000000000000ULL);
    tell("status", getStatus().first);
    tell("message", getStatus().second->size());
    WasmDataPtr compressed;
    tell("foreign", callForeignFunction("compress", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", &compressed));
    tell("shorter", compressed->size() > 0 && compressed->size() < 42);
    tell("no foreign", callForeignFunction("nothing", ""));
    tell("clear", proxy_clear_route_cache());
    clearRouteCache();
    CHECK_RESULT(WasmResult::Ok);
    tell("unknown", toString(static_cast<WasmResult>(77)));
    return answer();
  }
};
static RegisterContextFactory register_Logs(CONTEXT_FACTORY(Logs));
"""


def test_log_lines_have_their_level_and_the_macros_their_place(start):
    proxy = start(PRELUDE + LOGS)
    told = proxy.request().told
    assert (told["result"], told["level"], told["foreign"], told["clear"]) == ("Ok", "Ok", "Ok", "Ok")
    assert (told["trace"], told["time"], told["shorter"], told["status"]) == ("1", "1", "1", "0")
    assert (told["no foreign"], told["unknown"]) == ("NotFound", "WasmResult(77)")
    log = proxy.log()
    levels = {"trace": "trace", "debug": "debug", "info": "info", "warn": "warning", "error": "error"}
    for name, shown in (levels | {"critical": "critical"}).items():
        assert re.search(rf"\\[{shown}\\]\\[wasm\\].*: plain {name}".replace("\\\\", "\\"), log), name
    for text in ("macro trace", "macro debug", "macro info text", "macro warn 5", "macro error and view"):
        assert re.search(rf"\[.+:\d+\]::onRequestHeaders\(\) {text}", log), text
    assert "text macro 1!" in log
    assert "macro by level" in log


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ('CHECK_RESULT(removeHeaderMapValue(static_cast<WasmHeaderMapType>(50), "x"))', "failed: BadArgument ("),
        ('logAbort("my last words")', "my last words"),
        ('getSharedDataValue("missing")', 'getSharedDataValue("missing") failed: NotFound'),
        ("std::vector<int>().at(3)", "out_of_range was thrown in -fno-exceptions mode with message"),
        ('std::stoi("abc")', "invalid_argument was thrown in -fno-exceptions mode with message"),
        ("free(buffer), free(buffer)", "free() of memory that is free already"),
        ("operator new(0x7ffffff0)", "out of memory"),
        ("static_cast<Pure*>(nothing)->call()", "pure virtual function called"),
        ('Counter<int>::New("c", "t")->resolveWithFields({})', 'metric "c" needs one field for each of its tags'),
    ],
)
def test_what_ends_a_module_says_why_in_the_log(start, statement, line):
    source = f"""
struct Pure {{
  Pure() {{ early(this); }}
  static void early(Pure* pure) {{ pure->call(); }}
  virtual void call() = 0;
}};
struct Impure : Pure {{ void call() override {{}} }};
class Ends : public Context {{
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {{
    [[maybe_unused]] void* buffer = malloc(100);
    [[maybe_unused]] void* volatile keep = buffer;
    [[maybe_unused]] Pure* nothing = nullptr;
    {"Impure impure" if "Pure" in statement else f"(void)({statement})" if "CHECK" not in statement else statement};
    return FilterHeadersStatus::Continue;
  }}
}};
static RegisterContextFactory register_Ends(CONTEXT_FACTORY(Ends));
"""
    proxy = start(PRELUDE + source)
    assert proxy.request().status == 503
    log = proxy.log()
    assert line in log
    assert "[critical]" in log


def test_a_vm_configuration_that_is_refused_stops_the_plugin(upstream, tmp_path):
    source = """
class No : public RootContext {
 public:
  using RootContext::RootContext;
  bool onStart(size_t) override { return false; }
};
static RegisterContextFactory register_No(ROOT_FACTORY(No));
"""
    log = Proxy(tmp_path, upstream, http=[Plugin(build("refuses", PRELUDE + source))]).refused()
    assert "Failed to start base Wasm" in log
