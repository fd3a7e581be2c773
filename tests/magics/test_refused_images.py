"""An image that meshes refuse: a rendering and a deployment say so, and how to come by one that they take."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.image.images import layer
from tests.magics.conftest import FILTER
from tests.magics.meshes import FakeMesh
from tests.worded import in_cell
from wasmnb.errors import ImageError
from wasmnb.image import Image
from wasmnb.image.extraction import TAR_GZIP_TYPE
from wasmnb.image.layer import NoPluginError
from wasmnb.image.manifest import digest_of
from wasmnb.image.registry import push
from wasmnb.session import Session

pytestmark = [pytest.mark.compiler, pytest.mark.registry]
ONE_LAYER = "application/vnd.wasm.content.layer.v1+wasm"


def artifact(module, *layers, kind=ONE_LAYER):
    """Make an artifact of layers that hold the module; of none when there is none."""
    blobs = [module.wasm if one is None else one for one in layers]
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2},
            "layers": [{"mediaType": kind, "digest": digest_of(one), "size": len(one)} for one in blobs],
        }
    ).encode()
    held = {digest_of(one): one for one in blobs}
    return Image("registry.example/team/one:v1", module, manifest, b"{}", lambda digest, _: held[digest])


@pytest.fixture
def session():
    with Session() as made:
        made.filter("hello", FILTER)
        yield made


@pytest.fixture
def refused(session):
    return artifact(session.filter("hello", FILTER).module, None)


def test_a_rendering_says_that_the_target_refuses_it(session, refused):
    for target, consumer in (("istio", "Istio"), ("higress", "Higress"), ("envoy-gateway", "Envoy Gateway")):
        with pytest.raises(ImageError, match=f"{consumer} refuses the image registry.example/team/one:v1") as caught:
            session.render(refused, target=target, target_ref="Gateway/x" if target == "envoy-gateway" else ())
        assert "exactly two layers" in caught.value.why[0]
        again = "%wasm_pull registry.example/team/one:v1 --repack makes an image that it takes"
        assert in_cell(caught.value).hint == again


def test_a_plain_envoy_takes_it(session, refused):
    assert session.render(refused, target="envoy").value


def test_a_deployment_to_a_mesh_that_fetches_is_refused(session, refused):
    mesh = FakeMesh(name="far", needs_registry=True)
    session.use(mesh)
    with pytest.raises(ImageError, match="Istio refuses the image"):
        session.deploy(refused, selector="app=details")
    assert not mesh.applied


def test_a_deployment_to_another_mesh_says_that_istio_would_refuse_it(session, refused):
    session.use(FakeMesh())
    done = session.deploy(refused, selector="app=details")
    assert any("Istio would refuse this image" in note for note in done.notes)
    made = session.deploy("hello", selector="app=details")
    assert not any("refuse" in note for note in made.notes)


def test_repack_makes_an_image_that_is_taken(session, refused, registry):
    named = f"{registry.host}/tests/repack:v1"
    push(refused, named)
    done = session.pull(named, repack=True)
    assert done.reference.startswith("local/")
    assert "made of the module in" in done.note
    assert all(one.accepted for one in session.inspect(done.reference).consumers)
    again = session.push(session.tag(done.reference, named.replace(":v1", ":v2")).reference)
    assert "as it is" in session.pull(again.reference, repack=True).note


def test_repack_of_an_image_that_is_on_this_machine_only(session, refused):
    local = session.context.store.add(replace(refused, reference="local/mine:v1"))
    with pytest.raises(ImageError, match="Istio refuses the image local/mine:v1") as caught:
        session.render(local, selector="app=details")
    assert in_cell(caught.value).hint == "%wasm_pull local/mine:v1 --repack makes an image that it takes"
    done = session.pull("local/mine:v1", repack=True)
    assert all(one.accepted for one in session.inspect(done.reference).consumers)


def test_a_module_where_no_mesh_looks_is_named_and_packaged_anew(session, refused, registry):
    session.use(FakeMesh())
    wasm = refused.module.wasm
    inside = layer(("etc/x", b"1"), ("app/filter.wasm", wasm), ("readme.wasm", b"none"))
    named = f"{registry.host}/tests/hidden:v1"
    push(replace(artifact(refused.module, inside, layer(("y", b"")), kind=TAR_GZIP_TYPE), reference=named), named)
    assert session.pull(named).reference == named
    looked = session.inspect(named)
    assert "there is a module in app/filter.wasm in layer 1 of 2 (sha256:" in looked.problems[0]
    assert looked.problems[0] in [one.why for one in looked.consumers]
    for refused_by in (session.render, session.deploy):
        with pytest.raises(NoPluginError, match="has its module where no mesh looks for it") as caught:
            refused_by(named, selector="app=details")
        assert in_cell(caught.value).hint == f"%wasm_pull {named} --repack makes an image of it"
    done = session.pull(named, repack=True)
    assert all(one.accepted for one in session.inspect(done.reference).consumers)
    empty = f"{registry.host}/tests/empty:v1"
    push(replace(artifact(refused.module, layer(("y", b"")), kind=TAR_GZIP_TYPE), reference=empty), empty)
    with pytest.raises(ImageError, match="no module can be taken out of it"):
        session.pull(empty, repack=True)
