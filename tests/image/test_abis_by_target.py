"""An ABI that one mesh alone has: built, looked at and rendered for that one, refused elsewhere with the reason."""

from __future__ import annotations

import pytest

from tests.image.registry.parts import free_port
from tests.magics.meshes import FakeMesh
from tests.module.builder import good
from tests.worded import in_cell
from wasmnb.errors import ImageError, ModuleError
from wasmnb.image import Store
from wasmnb.module import Module
from wasmnb.module.check import check
from wasmnb.session import Session


@pytest.fixture
def session(tmp_path):
    module = good(abi="0_2_100").but(imports=[("env", "proxy_redis_init", "iiiiiii:i")])
    (tmp_path / "m.wasm").write_bytes(bytes(module))
    session = Session(Store(tmp_path / "store"))
    session.build("precompiled", tmp_path / "m.wasm", tag="local/m")
    return session


def test_an_inspection_says_who_takes_it(session):
    told = {one.consumer: one.accepted for one in session.inspect("local/m").consumers}
    assert told == {"Istio": False, "Envoy Gateway": False, "Higress": True, "wasme": told["wasme"]}
    assert session.list()[0].abi == "0.2.100"


def test_it_is_rendered_for_that_mesh_alone(session):
    name = f"127.0.0.1:{free_port()}/team/m:v1"
    session.build(session.store.get("local/m").module, tag=name)
    assert "defaultConfig" in session.render(name, target="higress", root_id="", config={"a": 1}).text
    for target in ("istio", "envoy-gateway"):
        with pytest.raises(ImageError, match="cannot run") as caught:
            session.render(name, target=target, root_id="", selector="app=details" if target == "istio" else None)
        assert "the Envoy of Higress alone" in caught.value.why[0]
        other = "it is for --target higress; build it with an SDK that exports proxy_abi_version_0_2_1 for others"
        assert in_cell(caught.value).hint == other


def test_a_deployment_asks_the_same_judge(session):
    session.use(FakeMesh(name="far", needs_registry=True))
    with pytest.raises(ImageError, match="Istio cannot run"):
        session.deploy("local/m", selector="app=details", root_id="")


def test_a_proxy_of_another_kind_refuses_the_module(session):
    module = session.store.get("local/m").module
    with pytest.raises(ModuleError, match=r"ABI 0\.2\.100"):
        check(module, "")
    assert check(module, "", host="Higress") == ""


def test_its_own_functions_are_checked_by_its_own_abi():
    wrong = good(abi="0_2_100").but(imports=[("env", "proxy_redis_call", "i:i")])
    found = Module("m", bytes(wrong)).facts
    assert [one.but_for for one in found.problems] == ["Higress", ""]
