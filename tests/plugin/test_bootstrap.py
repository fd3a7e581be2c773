"""A plain Envoy with a plugin in it: the file is complete, Envoy says so, and requests are filtered."""

from __future__ import annotations

import http.client
import subprocess
import time
from types import SimpleNamespace

import pytest

from tests.mesh.conftest import service, unused_port
from tests.mesh.tiny import tag
from tests.sdk.harness import ENVOY
from wasmnb.errors import UsageError
from wasmnb.plugin import Match, Plugin, TargetRef
from wasmnb.plugin.rendering import Site, yaml_text
from wasmnb.plugin.rendering.bootstrap import bootstrap

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

IMAGE = SimpleNamespace(digest="sha256:" + "a" * 64, reference="local/one")


def written(folder, site, **options):
    module = folder / "filter.wasm"
    module.write_bytes(tag("plain").wasm)
    file = folder / "envoy.yaml"
    file.write_text(yaml_text(bootstrap(Plugin("tag", IMAGE, **options), str(module), site)), "utf-8")
    return file


def answered(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/path")
            answer = connection.getresponse()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            body = answer.read().decode()
            connection.close()
            return answer.status, answer.headers["x-tag"], body


def run(file, port):
    command = [ENVOY, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    with subprocess.Popen(command) as process:
        try:
            return answered(port)
        finally:
            process.terminate()


@pytest.mark.parametrize("before_a_service", [True, False])
def test_the_file_runs_and_requests_are_filtered(tmp_path, before_a_service):
    with service() as address:
        port = unused_port()
        site = Site(f"127.0.0.1:{port}", address if before_a_service else "", admin="")
        file = written(tmp_path, site, config='{"any": "六翁"}', env={"A": "\x85"}, fail_policy="reload")
        assert run(file, port) == (200, "plain", "you asked for /path" if before_a_service else "")


@pytest.mark.parametrize("upstream", ["", "127.0.0.1:80", "[::1]:80", "service.example:8080"])
def test_envoy_itself_finds_nothing_wrong(tmp_path, upstream):
    file = written(tmp_path, Site("0.0.0.0:10000", upstream, admin="127.0.0.1:9901"), config="text")
    found = subprocess.run([ENVOY, "--mode", "validate", "-c", file], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr
    assert "OK" in found.stdout


@pytest.mark.parametrize(
    "options",
    [
        {"listen": "10000"},
        {"listen": ""},
        {"admin": "here:1"},
        {"upstream": "a:b"},
        {"upstream": "http://a:1"},
        {"listen": "127.0.0.1:0"},
        {"listen": "1.1.1.1:65536"},
    ],
)
def test_an_address_that_is_none(options):
    with pytest.raises(UsageError) as caught:
        Site(**options)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"selector": {"app": "details"}}, "--selector"),
        ({"targets": TargetRef("Gateway", "x")}, "--target-ref"),
        ({"match": Match("SERVER")}, "--match"),
        ({"pull_secret": "x"}, "--pull-secret"),
        ({"phase": "AUTHN"}, "--phase AUTHN"),
    ],
)
@pytest.mark.usefixtures("cell_words")
def test_what_only_a_mesh_can_do_is_refused(options, word):
    with pytest.raises(UsageError, match=f"envoy has no field for {word}"):
        bootstrap(Plugin("one", IMAGE, **options), "filter.wasm", Site())
