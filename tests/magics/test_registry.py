"""A registry of the session's own: push, list, deploy by digest and pull, as with any other."""

from __future__ import annotations

import pytest

from tests.magics.conftest import FILTER
from tests.magics.test_shell import bundle, error, run
from wasmnb.errors import RegistryError, UsageError

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_DATA_DIR", str(tmp_path / "data"))


def test_an_image_goes_there_and_a_mesh_gets_it_from_there(shell, tmp_path):
    assert run(shell, "%wasm_registry").host == ""
    served = run(shell, "%wasm_registry start --port 0")
    assert served.path == str(tmp_path / "data" / "registry")
    assert run(shell, "%wasm_registry start").host == served.host, "it is served already"
    name = f"{served.host}/team/hello:v1"
    run(shell, f"%%wasm_filter hello\n{FILTER}")
    digest = run(shell, f"%wasm_build hello -t {name}").digest
    assert run(shell, f"%wasm_push {name}").digest == digest
    assert [row.reference for row in run(shell, f"%wasm_list {served.host}")] == [name]
    run(shell, f"%wasm_rm {name}")
    run(shell, "%wasm_mesh local")
    deployed = run(shell, f"%wasm_deploy {served.host}/team/hello@{digest} --selector app=details")
    assert deployed.digest == digest
    headers = run(shell, "%wasm_headers productpage details:9080/details/123").after.response.headers
    assert headers["hello"] == "world"
    assert served.host in bundle(shell, run(shell, "%wasm_registry"))["text/plain"]
    run(shell, "%wasm_registry stop")
    assert run(shell, "%wasm_registry").to_dict()["images"] == 1, "what was pushed stays"
    again = run(shell, "%wasm_registry start --port 0")
    assert run(shell, f"%wasm_pull {again.host}/team/hello:v1").digest == digest
    run(shell, "%wasm_registry stop")
    run(shell, "%wasm_mesh stop")


def test_what_cannot_be_is_said(shell):
    assert "start" in error(shell, "%wasm_registry strat", UsageError).hint
    served = run(shell, "%wasm_registry start --port 0")
    port = int(served.host.rpartition(":")[2])
    assert served.host in error(shell, f"%wasm_registry start --port {port + 1}", UsageError).what
    from wasmnb.image.registry.server import RegistryServer

    with pytest.raises(RegistryError, match=f"cannot listen on port {port}"):
        RegistryServer(port=port)
    run(shell, "%wasm_registry stop")
