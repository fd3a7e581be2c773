"""The Envoy that tries modules, as it is told what to load and let go of; none runs here."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from wasmnb.envoy.canary import Canary, canary_proxy
from wasmnb.envoy.preflight import Preflight
from wasmnb.errors import MeshError


def test_two_threads_may_say_what_is_to_be_loaded_ahead(tmp_path):
    proxy = canary_proxy(tmp_path)
    (tmp_path / "ahead").mkdir()
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(proxy.load_ahead, (f"{number}.wasm",)) for number in range(300)]:
            done.result()
    assert proxy.ahead_version == "300"
    said = json.loads((tmp_path / "ahead" / "ahead.json").read_text())
    assert said["version_info"] == "300"
    assert proxy.ahead[0] in json.dumps(said)


def test_a_preflight_that_is_closed_lets_go_of_its_connection(tmp_path):
    proxy, preflight = canary_proxy(tmp_path), Preflight()
    near, far = socket.socketpair()
    proxy.admin._wire = near
    preflight._canary = Canary(proxy, None)
    with far:
        preflight.close()
        assert near.fileno() == -1


@pytest.mark.envoy
def test_a_preflight_that_is_closed_starts_no_envoy_for_a_thread_that_still_looks():
    preflight = Preflight()
    preflight.close()
    try:
        with pytest.raises(MeshError, match="was ended") as caught:
            preflight.start()
        assert caught.value.hint == "session.mesh('istio') connects again"
    finally:
        preflight.close()
