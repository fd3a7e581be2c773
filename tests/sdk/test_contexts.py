"""Root contexts, contexts, and their life."""

from __future__ import annotations

import pytest

from tests.sdk.harness import PRELUDE, Plugin, Proxy, build

LIFE = (
    PRELUDE
    + """
extern "C" {
uint32_t proxy_validate_configuration(uint32_t, uint32_t);
void proxy_on_foreign_function(uint32_t, uint32_t, uint32_t);
FilterHeadersStatus proxy_on_request_headers(uint32_t, uint32_t, uint32_t);
void proxy_on_tick(uint32_t);
uint32_t proxy_on_configure(uint32_t, uint32_t);
uint32_t proxy_on_done(uint32_t);
void proxy_on_delete(uint32_t);
}

class LifeRoot : public RootContext {
 public:
  using RootContext::RootContext;
  void onCreate() override { logInfo("root created"); }
  bool validateConfiguration(size_t size) override { logInfo("validate " + std::to_string(size)); return size == 5; }
  bool onStart(size_t size) override {
    logInfo("start " + std::to_string(size) + " " + getConfiguration()->toString());
    return true;
  }
  bool onConfigure(size_t size) override {
    logInfo("configure " + std::to_string(size) + " " + getConfiguration()->toString());
    const char* text; size_t text_size;
    CHECK_RESULT(proxy_get_configuration(&text, &text_size));
    logInfo("configuration of 2020: " + WasmData(text, text_size).toString());
    logInfo("valid " + std::to_string(proxy_validate_configuration(id(), 5)) +
            std::to_string(proxy_validate_configuration(id(), 6)));
    CHECK_RESULT(registerSharedQueue("life", &queue_));
    CHECK_RESULT(proxy_set_tick_period_milliseconds(10));
    return true;
  }
  void onTick() override {
    if (ticks_++ == 0) {
      logInfo("tick");
      CHECK_RESULT(enqueueSharedQueue(queue_, "queued"));
    }
  }
  void onQueueReady(uint32_t token) override {
    WasmDataPtr data;
    if (dequeueSharedQueue(token, &data) == WasmResult::Ok) logInfo("queue ready: " + data->toString());
  }
  bool onDone() override { logInfo("root done"); done(); return true; }
  void onDelete() override { logInfo("root deleted"); }
  ~LifeRoot() override { logInfo("root destroyed"); }
  int ticks_ = 0;
  uint32_t queue_ = 0;
};

class Life : public Context {
 public:
  explicit Life(uint32_t id, RootContext* root) : Context(id, root), life_(dynamic_cast<LifeRoot*>(root)) {}
  void onCreate() override { tell("created", id()); }
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    tell("root", life_ != nullptr && life_ == root());
    tell("root_id", root()->root_id());
    tell("asContext", asContext() == this && root()->asContext() == nullptr);
    tell("asRoot", asRoot() == nullptr && root()->asRoot() == root());
    tell("getContext", getContext(id()) == this && getContext(root()->id()) == nullptr);
    tell("getRootContext", getRootContext(root()->id()) == root() && getRootContext(id()) == nullptr);
    tell("getContextBase", getContextBase(id()) == this && getContextBase(12345678) == nullptr);
    tell("getRoot", getRoot("life") == root() && getRoot("other") == nullptr);
    proxy_on_foreign_function(id(), 7, 3);
    // Callbacks for what is not there, or of the other kind.
    tell("dead", static_cast<uint64_t>(proxy_on_request_headers(12345678, 1, 1)));
    tell("kind", static_cast<uint64_t>(proxy_on_request_headers(root()->id(), 1, 1)));
    proxy_on_tick(id());
    proxy_on_tick(12345678);
    tell("configure", proxy_on_configure(id(), 1));
    tell("done", proxy_on_done(12345678));
    proxy_on_delete(12345678);
    tell("effective", setEffectiveContext());
    return answer();
  }
  void onForeignFunction(uint32_t function, uint32_t size) override { tell("foreign", function * 10 + size); }
  void onDone() override { logInfo("stream done"); }
  void onLog() override { logInfo("stream log " + getResponseHeader(":status")->toString()); }
  void onDelete() override { logInfo("stream deleted"); }
  ~Life() override { logInfo("stream destroyed"); }

 private:
  LifeRoot* life_;
};

static RegisterContextFactory register_Life(CONTEXT_FACTORY(Life), ROOT_FACTORY(LifeRoot), "life");
"""
)


def test_every_callback_of_a_life_comes_in_its_time(start):
    proxy = start(LIFE, root_id="life", config="hello", vm_config="vm-text")
    told = proxy.request().told
    assert int(told.pop("created")) > 0
    assert told.pop("root_id") == "life"
    assert told.pop("effective") == "Ok"
    assert told.pop("foreign") == "73"
    assert (told.pop("dead"), told.pop("kind"), told.pop("configure")) == ("0", "0", "0")
    assert set(told.values()) == {"1"}, told
    log = proxy.wait_log("stream destroyed")
    stages = ("root created", "start 7 vm-text", "configure 5 hello", "of 2020: hello", "validate 5", "valid 10")
    stages += ("stream done", "stream deleted", "stream destroyed")
    positions = [log.index(stage) for stage in stages]
    assert positions == sorted(positions)
    assert log.index("stream log 200") < log.index("stream deleted")
    log = proxy.wait_log("queue ready: queued")
    assert log.index("tick") < log.index("queue ready")


def test_a_root_context_ends_when_its_plugin_is_taken_away(start):
    proxy = start(LIFE, root_id="life", swappable=True)
    assert proxy.request().told["root_id"] == "life"
    proxy.swap([])
    log = proxy.wait_log("root destroyed")
    stages = [log.index(stage) for stage in ("root done", "env.proxy_done()", "root deleted", "root destroyed")]
    assert stages == sorted(stages)


@pytest.mark.parametrize("asked", ["", "other"])
def test_an_unknown_root_id_is_refused_with_the_known_ones(upstream, tmp_path, asked):
    source = LIFE + 'static RegisterContextFactory register_Second(ROOT_FACTORY(LifeRoot), std::string("second"));'
    log = Proxy(tmp_path, upstream, http=[Plugin(build("unknown", source), root_id=asked)]).refused()
    assert "[critical]" in log
    assert f'This module has no filter for root id "{asked}"; it has "second", "life".' in log
    assert "Failed to start base Wasm" in log or "Failed to configure base Wasm" in log


def test_a_module_that_registers_nothing_is_refused(upstream, tmp_path):
    log = Proxy(tmp_path, upstream, http=[Plugin(build("unknown", PRELUDE))]).refused()
    assert "it has none (RegisterContextFactory is missing)" in log


def test_factories_of_one_kind_get_the_other_by_default(start):
    source = """
class Only : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override { tell("root", root()->root_id()); return answer(); }
};
static RegisterContextFactory register_Only(CONTEXT_FACTORY(Only), "only");
class Service : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override { logInfo("service configured"); return true; }
};
static RegisterContextFactory register_Service(ROOT_FACTORY(Service), "service");
"""
    assert start(PRELUDE + source, root_id="only").request().told == {"root": "only"}
    service = start(PRELUDE + source, root_id="service")
    assert service.request().json()["path"] == "/"
    assert "service configured" in service.log()


GENERATIONS = """
class Old : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t headers) override {
    return addRequestHeader("x-old", headers > 2 ? "request" : "few") == WasmResult::Ok
               ? FilterHeadersStatus::Continue : FilterHeadersStatus::StopIteration;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t) override {
    WasmDataPtr up = getResponseHeader("x-upstream");
    Optional<WasmDataPtr> none;
    StringView view = up->view();
    HeaderMapType map = HeaderMapType::ResponseHeaders;
    addHeaderMapValue(map, "x-old", view);
    clearRouteCache();
    return none.has_value() ? FilterHeadersStatus::StopIteration : FilterHeadersStatus::Continue;
  }
  void onDownstreamConnectionClose(PeerType) override {}
  BufferType body_ = BufferType::HttpRequestBody;
};
static RegisterContextFactory register_Old(CONTEXT_FACTORY(Old), "old");
class New : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool end_of_stream) override {
    addRequestHeader("x-new", end_of_stream ? "end" : "more");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool end_of_stream) override {
    addResponseHeader("x-new", end_of_stream ? "end" : "more");
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_New(CONTEXT_FACTORY(New), "new");
"""


def test_the_callbacks_of_2020_and_of_today_work_side_by_side_without_a_warning(upstream, tmp_path):
    module = build("generations", PRELUDE + GENERATIONS, "-Wall", "-Wextra", "-Woverloaded-virtual")
    assert module.build.warnings == ()
    plugins = [Plugin(module, root_id=root_id, name=root_id) for root_id in ("old", "new")]
    with Proxy(tmp_path, upstream, http=plugins) as proxy:
        get, post = proxy.request(), proxy.request(method="POST", body=[b"x"])
    assert dict(get.json()["headers"])["x-old"] == "request"
    assert dict(get.json()["headers"])["x-new"] == "end"
    assert dict(post.json()["headers"])["x-new"] == "more"
    assert (get["x-old"], get["x-new"]) == ("yes", "more")
