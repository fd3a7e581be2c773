"""A real Envoy with a filter in it, and a small client that reads what comes over the wire."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import envoy

from wasmnb.compile import Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.module import Module

ENVOY = Path(envoy.__file__).parent / "_bin" / "envoy"
DEADLINE = 6.0
# A filter under test notes what it sees with tell(), and answers a request with its notes.
PRELUDE = """#include "proxy_wasm_intrinsics.h"
static std::string told;
[[maybe_unused]] static void tell(StringView name, StringView value) {
  told.append(name).append("=").append(value).append("\\n");
}
[[maybe_unused]] static void tell(StringView name, WasmResult value) { tell(name, toString(value)); }
[[maybe_unused]] static void tell(StringView name, uint64_t value) { tell(name, std::to_string(value)); }
[[maybe_unused]] static FilterHeadersStatus answer() {
  sendLocalResponse(200, "told", told, {});
  told.clear();
  return FilterHeadersStatus::StopIteration;
}
"""
_TYPE = "type.googleapis.com/envoy.extensions.filters."


def build(name: str, source: str, *flags: str) -> Module:
    return Filter(name=name, source=source, flags=flags).build()


@dataclass(frozen=True)
class Plugin:
    """A module, as one plugin of the proxy."""

    module: Module
    config: str = ""
    root_id: str = ""
    name: str = "plugin"
    vm_id: str = ""
    vm_config: str = ""

    def to_envoy(self, path: Path, kind: str) -> dict[str, Any]:
        text = "type.googleapis.com/google.protobuf.StringValue"
        config = {
            "name": self.name,
            "root_id": self.root_id,
            # Else a filter that stops at the headers never sees the body (Envoy's default since 1.32).
            "allow_on_headers_stop_iteration": True,
            "configuration": {"@type": text, "value": self.config},
            "vm_config": {
                "vm_id": self.vm_id or self.name,
                "runtime": "envoy.wasm.runtime.v8",
                "configuration": {"@type": text, "value": self.vm_config},
                "code": {"local": {"filename": str(path)}},
            },
        }
        return {"name": self.name, "typed_config": {"@type": f"{_TYPE}{kind}.wasm.v3.Wasm", "config": config}}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    trailers: list[tuple[str, str]]

    def __getitem__(self, name: str) -> str:
        return dict(self.headers)[name]

    @property
    def told(self) -> dict[str, str]:
        assert self.status == 200, self
        return dict(line.split("=", 1) for line in self.body.decode().splitlines())

    def json(self) -> Any:
        return json.loads(self.body)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Proxy:
    """One Envoy: HTTP and TCP listeners with the plugins, both before the upstream."""

    def __init__(
        self,
        folder: Path,
        upstream: Any,
        *,
        http: Sequence[Plugin] = (),
        tcp: Sequence[Plugin] = (),
        swappable: bool = False,
    ) -> None:
        self.admin, self.http_port, self.tcp_port = free_ports(3)
        self._folder = folder
        self._log = folder / "envoy.log"
        config = folder / "envoy.json"
        filters = [self._discovered(http)] if swappable else _plugins(folder, http, "http")
        bootstrap = _bootstrap(upstream, filters, _plugins(folder, tcp, "network"))
        bootstrap["admin"] = {"address": _address(self.admin)}
        for listener, port in zip(
            bootstrap["static_resources"]["listeners"], (self.http_port, self.tcp_port), strict=True
        ):
            listener.update(address=_address(port), filter_chains=[{"filters": listener.pop("filters")}])
        config.write_text(json.dumps(bootstrap))
        command = [str(ENVOY), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
        command += ["--component-log-level", "wasm:trace,config:warning,main:critical"]
        with self._log.open("w") as file:
            self._process = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Proxy:  # noqa: PYI034 - Self came with Python 3.11
        try:
            self.wait(lambda: self._process.poll() is not None or self._ready())
            assert self._process.poll() is None, self.log()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def refused(self) -> str:
        """Wait until Envoy has ended by itself; give its log."""
        try:
            self._process.wait(DEADLINE)
        finally:
            self.__exit__()
        return self.log()

    def swap(self, http: Sequence[Plugin]) -> None:
        """Put other plugins in force, without a restart (extension config discovery by a file's rename)."""
        self._discovered(http)

    def _discovered(self, http: Sequence[Plugin]) -> dict[str, Any]:
        kind = _TYPE + "http.filter_chain.v3.FilterChainConfig"
        filters = _plugins(self._folder, http, "http") or [_filter("http.rbac.v3.RBAC")]
        chain = {"@type": kind, "default_filter_chain": {"filters": filters}}
        resource = {"@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"}
        resource |= {"name": "plugins", "typed_config": chain}
        path = self._folder / "plugins.json"
        path.with_suffix(".new").write_text(json.dumps({"resources": [resource]}))
        path.with_suffix(".new").rename(path)
        source = {"path": str(path), "watched_directory": {"path": str(self._folder)}}
        discovery = {"config_source": {"path_config_source": source, "resource_api_version": "V3"}}
        return {"name": "plugins", "config_discovery": {**discovery, "type_urls": [kind]}}

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait(self, condition: Any) -> Any:
        end = time.monotonic() + DEADLINE
        while not (value := condition()):
            assert time.monotonic() < end, self.log()[-2000:]
            time.sleep(0.01)
        return value

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_log(self, text: str) -> str:
        return self.wait(lambda: text in self.log() and self.log())

    def stats(self, pattern: str) -> dict[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/stats?filter={pattern}", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return dict(line.split(": ", 1) for line in lines)

    def request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: Sequence[bytes] = (),
        trailers: Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """Send one HTTP/1.1 request, chunked when it has a body or trailers."""
        lines = [f"{method} {path} HTTP/1.1", "host: upstream"]
        lines += [f"{name}: {value}" for name, value in headers]
        chunked = bool(body or trailers)
        if chunked:
            lines += ["transfer-encoding: chunked", "trailer: " + ", ".join(name for name, _ in trailers)]
        data = "\r\n".join([*lines, "", ""]).encode()
        for chunk in body:
            data += b"%x\r\n%s\r\n" % (len(chunk), chunk)
        if chunked:
            data += b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers).encode() + b"\r\n"
        with socket.create_connection(("127.0.0.1", self.http_port), timeout=DEADLINE) as connection:
            connection.sendall(data)
            with connection.makefile("rb") as stream:
                return _read_reply(stream)


def _plugins(folder: Path, given: Sequence[Plugin], kind: str) -> list[dict[str, Any]]:
    made = []
    for index, plugin in enumerate(given):
        path = folder / f"{kind}-{index}.wasm"
        path.write_bytes(plugin.module.wasm)
        made.append(plugin.to_envoy(path, kind))
    return made


def _bootstrap(upstream: Any, http: list[dict[str, Any]], tcp: list[dict[str, Any]]) -> dict[str, Any]:
    trailers = {"enable_trailers": True}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "http"}}
    manager = {
        "@type": f"{_TYPE}network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "http_protocol_options": trailers,
        "http_filters": [*http, _filter("http.router.v3.Router")],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    tcp_proxy = {"@type": f"{_TYPE}network.tcp_proxy.v3.TcpProxy", "stat_prefix": "tcp", "cluster": "tcp"}
    return {
        "node": {"id": "sdk-node", "cluster": "sdk-cluster"},
        # Histograms are shown when they have been flushed.
        "stats_flush_interval": "0.1s",
        "static_resources": {
            "listeners": [
                {"filters": [{"name": "manager", "typed_config": manager}]},
                {"filters": [*tcp, {"name": "tcp", "typed_config": tcp_proxy}]},
            ],
            "clusters": [
                _cluster("http", upstream.http, {"http_protocol_options": trailers}),
                _cluster("grpc", upstream.grpc, {"http2_protocol_options": {}}),
                _cluster("tcp", upstream.tcp, {"http_protocol_options": {}}),
            ],
        },
    }


def _filter(name: str) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": _TYPE + name}}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, port: int, protocol: dict[str, Any]) -> dict[str, Any]:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": name,
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}],
        },
        "typed_extension_protocol_options": {
            options: {"@type": f"type.googleapis.com/{options}", "explicit_http_config": protocol}
        },
    }


def _read_headers(stream: Any) -> list[tuple[str, str]]:
    headers = []
    while line := stream.readline().rstrip(b"\r\n"):
        name, _, value = line.decode().partition(": ")
        headers.append((name, value))
    return headers


def _read_reply(stream: Any) -> Reply:
    status = int(stream.readline().split()[1])
    headers = _read_headers(stream)
    fields = dict(headers)
    trailers: list[tuple[str, str]] = []
    body = b""
    if fields.get("transfer-encoding") == "chunked":
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        trailers = _read_headers(stream)
    else:
        body = stream.read(int(fields.get("content-length", 0)))
    return Reply(status, headers, body, trailers)
