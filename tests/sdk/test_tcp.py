"""Callbacks and functions of a TCP filter."""

from __future__ import annotations

import re
import socket

from tests.sdk.harness import DEADLINE, PRELUDE

TCP = """
class Tcp : public Context {
 public:
  using Context::Context;
  FilterStatus onNewConnection() override { logInfo("new connection"); return FilterStatus::Continue; }
  FilterStatus onDownstreamData(size_t size, bool end_of_stream) override {
    WasmDataPtr data = getBufferBytes(WasmBufferType::NetworkDownstreamData, 0, size);
    logInfo("down " + data->toString() + (end_of_stream ? " end" : ""));
    if (data->view() == "close-down") { logInfo("closing " + toString(closeDownstream())); }
    if (data->view() == "close-up") { logInfo("closing " + toString(closeUpstream())); }
    if (data->view() == "hold") {
      logInfo("continuing " + toString(continueDownstream()) + toString(continueUpstream()));
    }
    setBuffer(WasmBufferType::NetworkDownstreamData, 0, 0, "<");
    return FilterStatus::Continue;
  }
  FilterStatus onUpstreamData(size_t size, bool end_of_stream) override {
    logInfo("up " + std::to_string(size) + (end_of_stream ? " end" : ""));
    setBuffer(WasmBufferType::NetworkUpstreamData, size, 0, ">");
    return FilterStatus::Continue;
  }
  static void closed(StringView side, CloseType type) {
    LOG_INFO(side + std::to_string(static_cast<int>(type)));
  }
  void onDownstreamConnectionClose(CloseType type) override { closed("down closed ", type); }
  void onUpstreamConnectionClose(CloseType type) override { closed("up closed ", type); }
  void onDelete() override { logInfo("connection deleted"); }
};
static RegisterContextFactory register_Tcp(CONTEXT_FACTORY(Tcp));
"""


def _say(proxy, data):
    connection = socket.create_connection(("127.0.0.1", proxy.tcp_port), timeout=DEADLINE)
    connection.sendall(data)
    return connection


def test_a_connection_is_seen_changed_and_its_end_told(start):
    proxy = start(PRELUDE + TCP, kind="tcp")
    with _say(proxy, b"hi") as connection:
        data = b""
        while len(data) < 4:
            data += connection.recv(100)
    assert data == b"<hi>"
    # Who closes first, and whether Envoy then says Local (1) or Remote (2), is between the two ends.
    proxy.wait(lambda: re.search(r"down closed [12]", proxy.log()))
    for line in ("new connection", "down hi", "up 3", "up closed ", "connection deleted"):
        proxy.wait_log(line)
    with _say(proxy, b"hold"):
        proxy.wait_log("continuing OkUnimplemented")
    with _say(proxy, b"close-down") as connection:
        proxy.wait_log("closing Ok")
        while connection.recv(100):
            pass
    with _say(proxy, b"close-up"):
        proxy.wait_log("down close-up")
