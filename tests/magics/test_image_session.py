"""What a session does with images, against a real registry and real Envoys."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.image.registry.parts import free_port
from tests.magics.conftest import FILTER
from tests.magics.meshes import FakeMesh
from tests.module.builder import good
from tests.worded import in_cell
from wasmnb.errors import (
    AuthError,
    BadNameError,
    ConfigError,
    ImageError,
    Interrupted,
    ModuleError,
    RegistryError,
    UsageError,
)
from wasmnb.image import Store, package
from wasmnb.image.registry import resolve
from wasmnb.session import Session
from wasmnb.session.options.registry import AccessOptions

pytestmark = pytest.mark.compiler

OTHER = FILTER.replace('"world"', '"moon"')


@pytest.fixture
def session():
    session = Session()
    session.filter("hello", FILTER)
    return session


@pytest.fixture
def faked(session):
    session.use(FakeMesh())
    return session


@pytest.fixture
def remote(session):
    """A session whose mesh takes images from registries only."""
    session.use(FakeMesh(name="far", needs_registry=True))
    return session


@pytest.fixture
def name(request, registry):
    """An image of the test's own on the registry."""
    return f"{registry.host}/tests/{request.node.name.lower().replace('_', '-').partition('[')[0]}:v1"


def test_a_filter_becomes_an_image_and_again_it_is_unchanged(session):
    built = session.build("hello")
    assert built.reference == "local/hello:latest"
    assert not built.unchanged
    assert session.build("hello").unchanged
    assert built.digest == package(session.filter("hello", FILTER).module).digest, "deploying the filter is the same"
    assert session.store.resolve("local/hello") == built.digest
    json.dumps(built.to_dict())


def test_files_folders_and_precompiled_modules(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wasm = session.build("hello").image.module.wasm
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (tmp_path / "one.wasm", folder / "any.wasm", tmp_path / "bytes"):
        path.write_bytes(wasm)
    digest = session.build("hello").digest
    assert session.build("one.wasm").reference == "local/one:latest"
    assert session.build("folder").reference == "local/folder:latest"
    assert session.build("precompiled", "bytes", tag="local/given:v3").reference == "local/given:v3"
    assert {row.digest for row in session.list()} == {digest}
    (tmp_path / "bytes").write_bytes(b"no module")
    for wrong in (("precompiled", "bytes"), ("precompiled", "missing.wasm")):
        with pytest.raises(ModuleError):
            session.build(*wrong)


def test_what_is_said_about_an_image_is_in_it(session, tmp_path):
    schema, runtime = tmp_path / "schema.json", tmp_path / "runtime-config.json"
    schema.write_text('{"type": "object"}')
    runtime.write_text('{"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": [""]}}')
    notes = ["title=Header filter", "org.example.owner=team = us"]
    image = session.build("hello", annotation=notes, schema=str(schema), runtime_config=str(runtime)).image
    assert image.annotations["org.opencontainers.image.title"] == "Header filter"
    assert image.annotations["org.example.owner"] == "team = us"
    assert image.annotations["io.wasmnb.config-schema"] == '{"type":"object"}'
    assert session.build("hello", variant="compat").image.variant == "compat"


@pytest.mark.parametrize(
    ("words", "options", "wanted"),
    [
        (("helo",), {}, (BadNameError, "did you mean 'hello'?")),
        (("hello", "x.wasm"), {}, (UsageError, "-t")),
        (("precompiled",), {}, (UsageError, "precompiled path/to/filter.wasm")),
        (("hello",), {"variant": "compact"}, (UsageError, "compat")),
        (("hello",), {"annotation": ["title"]}, (UsageError, "key=value")),
        (("hello",), {"annotation": ["titel=x"]}, (UsageError, "did you mean 'title'?")),
        (("hello",), {"annotation": ["title=x", "title=y"]}, (UsageError, "once")),
        (("hello",), {"schema": "missing.json"}, (ConfigError, "paths start")),
        (("hello",), {"runtime_config": "missing.json"}, (ConfigError, "runtime-config.json")),
        (("hello",), {"tag": "local/hello@sha256:" + 64 * "0"}, (UsageError, "only a tag")),
        (("hello",), {"tag": "local/Hello"}, (BadNameError, "'hello'")),
        (("hello",), {"command": "make"}, (UsageError, "--in-container")),
        (("hello",), {"in_container": "rust:1"}, (BadNameError, "folder")),
    ],
)
@pytest.mark.usefixtures("cell_words")
def test_what_cannot_be_built_is_told(session, words, options, wanted):
    kind, hint = wanted
    with pytest.raises(kind) as caught:
        session.build(*words, **options)
    assert hint in caught.value.hint
    assert len(session.list()) == 0


def test_push_pull_and_again(session, name):
    built = session.build("hello", tag=name)
    pushed = session.push(name)
    assert (pushed.digest, pushed.unchanged) == (built.digest, False)
    assert resolve(name) == pushed.digest
    assert session.push(name).unchanged
    other = Session(Store(Path(os.environ["WASMNB_STORE"]) / "other"))
    pulled = other.pull(name)
    assert (pulled.digest, pulled.unchanged) == (built.digest, False)
    assert other.pull(name).unchanged
    assert pushed.pinned == pulled.pinned == name + "@" + built.digest
    json.dumps([pushed.to_dict(), pulled.to_dict()])


def test_a_tag_that_moves_on_the_registry_is_said(session, name):
    before = session.build("hello", tag=name).digest
    session.push(name)
    session.filter("hello", OTHER)
    session.build("hello", tag=name)
    assert before in session.push(name).note


def test_references_under_local_need_no_push(session):
    session.build("hello")
    pushed = session.push("local/hello")
    assert pushed.unchanged
    assert "stay in the store" in pushed.note


def test_tag_and_rm(session):
    built = session.build("hello")
    tagged = session.tag("local/hello", "local/two:v2")
    assert (tagged.digest, tagged.before, tagged.unchanged) == (built.digest, "", False)
    assert session.tag("local/hello", "local/two:v2").unchanged
    with pytest.raises(ImageError):
        session.rm("local/two:v2", "local/three")
    assert len(session.list()) == 2, "all or none"
    removed = session.rm("local/two:v2", "local/two:v2")
    assert [image.reference for image in removed.images] == ["local/two:v2"]
    assert removed.freed == 0
    assert session.rm(built.digest).freed > 0
    json.dumps([tagged.to_dict(), removed.to_dict()])


def test_lists_of_store_repository_namespace_and_registry(session, name, registry):
    session.build("hello")
    digest = session.build("hello", tag=name).digest
    session.push(name)
    assert [row.reference for row in session.list(search="latest")] == ["local/hello:latest"]
    assert [row.reference for row in session.list("local")] == ["local/hello:latest"]
    assert len(session.list("local/hell")) == 0
    for target in (registry.host, f"{registry.host}/tests", name.rpartition(":")[0]):
        rows = session.list(target, search=name.rpartition("/")[2].partition(":")[0])
        assert [(row.reference, row.digest, row.abi) for row in rows] == [(name, digest, "0.2.1")]
    frame = session.list().frame
    assert list(frame) == ["name", "tag", "size", "digest", "updated", "abi", "language", "root_ids"]
    with pytest.raises(RegistryError) as caught:
        session.list(f"{registry.host}/nothing")
    assert "%wasm_list" in in_cell(caught.value).hint


def test_inspect_looks_here_first_and_then_on_the_registry(session, name):
    built = session.build("hello", tag=name, variant="compat")
    session.push(name)
    here = session.inspect(name)
    session.rm(name)
    there = session.inspect(name)
    told, again = here.to_dict(), there.to_dict()
    assert told.pop("at")
    assert again.pop("at")
    assert told == again, "but for the time"
    assert (there.digest, there.form) == (built.digest, "compat image")
    assert all(one.accepted for one in there.consumers if one.consumer == "Istio")
    assert len(session.list()) == 0, "looking keeps nothing"
    with pytest.raises(RegistryError) as caught:
        session.inspect(name.replace(":v1", ":v2"))
    assert "v1" in caught.value.hint
    with pytest.raises(ImageError):
        session.inspect("local/nothing")


def test_an_image_is_deployed_by_its_digest(faked):
    built = faked.build("hello")
    done = faked.deploy("local/hello", selector="app=details")
    assert (done.digest, done.plugin.id) == (built.digest, "hello")
    assert done.plugin.image.reference == built.pinned
    assert any(built.pinned in note for note in done.notes)
    assert faked.deploy("local/hello", selector="app=details").unchanged
    for same in (built, built.image, built.pinned, built.digest):
        assert faked.deploy(same, selector="app=details", id="hello").unchanged
    faked.filter("hello", OTHER)
    moved = faked.build("hello")
    assert faked.deploy("local/hello", selector="app=details").digest == moved.digest != built.digest
    assert faked.deploy(built.pinned, selector="app=details").digest == built.digest, "the old one is still there"


def test_a_tag_of_a_registry_is_asked_for_anew_each_time(faked, name):
    first = faked.build("hello", tag=name).digest
    faked.push(name)
    reader = Session(Store(Path(os.environ["WASMNB_STORE"]) / "other"))
    reader.use(FakeMesh())
    assert reader.deploy(name).digest == first
    assert reader.deploy(name).unchanged
    faked.filter("hello", OTHER)
    second = faked.build("hello", tag=name).digest
    faked.push(name)
    done = reader.deploy(name)
    assert done.digest == second
    assert any("has moved" in note and first in note for note in done.notes)
    assert reader.deploy(f"{name}@{first}").digest == first
    assert reader.deploy(name).digest == second


def test_what_was_built_and_not_pushed_is_deployed_from_here(faked, name):
    faked.build("hello", tag=name)
    faked.push(name)
    faked.filter("hello", OTHER)
    mine = faked.build("hello", tag=name).digest
    done = faked.deploy(name)
    assert done.digest == mine
    assert any("not pushed" in note for note in done.notes)


def test_a_registry_that_does_not_have_or_does_not_answer(faked, name):
    digest = faked.build("hello", tag=name).digest
    gone = f"127.0.0.1:{free_port()}/x/hello:v1"
    faked.tag(name, gone)
    other = Session()  # shares the store, and has not built these
    other.use(FakeMesh())
    for reference, words in ((name, "it was taken from the store"), (gone, "does not answer")):
        done = other.deploy(reference)
        assert done.digest == digest
        assert any(words in note for note in done.notes)
    for missing in (f"{name}2", gone.replace("hello", "other")):
        with pytest.raises(RegistryError):
            other.deploy(missing)


def test_a_module_that_does_not_tell_its_root_id_gets_the_one_of_its_image(faked, tmp_path):
    (tmp_path / "foreign.wasm").write_bytes(bytes(good()))
    for ids, wanted in ((["only"], "only"), (["one", "two"], "")):
        runtime = {"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"rootIds": ids}}
        faked.build(tmp_path / "foreign.wasm", runtime_config=runtime)
        assert faked.deploy("local/foreign").plugin.root_id == wanted
    assert faked.deploy("local/foreign", root_id="own").plugin.root_id == "own"


def test_an_interrupted_build_leaves_the_store_as_it_was(session, monkeypatch):
    before = session.build("hello").digest
    monkeypatch.setattr("wasmnb.pipeline.build.package", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(Interrupted, match="was stopped"):
        session.build("hello", variant="compat")
    assert session.store.resolve("local/hello") == before


def test_an_image_that_cannot_be_had_leaves_what_is_in_force(faked):
    faked.build("hello")
    faked.deploy("local/hello")
    faked.rm("local/hello")
    with pytest.raises(ImageError) as caught:
        faked.deploy("local/hello")
    assert "'hello' is in force as it was" in caught.value.hint


def test_a_search_looks_through_the_store_and_the_configured_registry(session, registry, name):
    here = session.build("hello").digest
    session.build("hello", tag=name, variant="compat")
    there = session.push(name).digest
    pushed = name.replace(":v1", ":v2")
    session.tag(name, pushed)
    session.push(pushed)
    session.rm(pushed)
    session.config(registry=name.rpartition(":")[0])
    found = session.list(search="cpp")
    assert [(row.reference, row.digest) for row in found] == [
        (name, there),
        (pushed, there),
        ("local/hello:latest", here),
    ]
    assert [row.updated is None for row in found] == [False, True, False], "the registry tells no time"
    assert len(session.list()) == 2, "without a search, the store alone"
    session.build("hello", tag=name)
    twice = session.list(search=name)
    assert {row.digest for row in twice} == {here, there}
    assert any(name in note and "twice" in note for note in twice.notes)


def test_a_search_goes_on_where_the_registry_does_not_answer(session):
    session.build("hello")
    gone = f"127.0.0.1:{free_port()}"
    session.config(registry=f"{gone}/team")
    found = session.list(search="hello")
    assert [row.reference for row in found] == ["local/hello:latest"]
    assert f"{gone}/team could not be searched" in found.notes[0]


def test_one_root_id_without_a_name_can_be_told_from_none(session):
    session.build("hello")
    assert session.list()[0].root_ids == ("",)
    assert session.list().frame.root_ids[0] == "''"
    assert "''" in repr(session.list())


def test_pushed_and_pulled_have_the_size_that_the_list_tells(session, name):
    size = session.build("hello", tag=name).image.size
    assert {session.push(name).size, session.pull(name).size, session.list()[0].size} == {size}


def test_a_push_that_may_not_be_says_push(session, guarded):
    name = f"{guarded.host}/a/hello:v1"
    session.build("hello", tag=name)
    with pytest.raises(AuthError, match="before the push of"):
        session.push(name)


def test_a_filter_that_is_none_may_be_an_image(faked):
    faked.build("hello", tag="local/other")
    with pytest.raises(BadNameError) as caught:
        faked.deploy("other")
    assert "local/other" in caught.value.hint
    with pytest.raises(ImageError, match="no image 'local/missing'"):
        faked.deploy("local/missing")


def test_deploying_a_filter_needs_neither_store_nor_registry(faked, monkeypatch):
    monkeypatch.setattr(type(faked), "store", property(lambda self: 1 / 0))
    assert faked.deploy("hello", selector="app=details").notes == ()


@pytest.mark.usefixtures("cell_words")
def test_a_mesh_that_needs_a_registry_gets_a_filter_from_there(remote, registry):
    with pytest.raises(ConfigError) as caught:
        remote.deploy("hello")
    assert "%wasm_config registry=" in caught.value.hint
    remote.config(registry=f"{registry.host}/far")
    done = remote.deploy("hello", selector="app=details")
    image = done.plugin.image
    assert image.reference == f"{registry.host}/far/hello@{image.digest}"
    assert resolve(image.reference) == image.digest
    assert remote.deploy("hello", selector="app=details").unchanged
    remote.filter("hello", OTHER, deploy="app=details")
    moved = remote.current.there["hello"].image
    assert resolve(f"{registry.host}/far/hello") == moved.digest != image.digest
    assert resolve(image.reference) == image.digest, "the way back stays"


@pytest.mark.usefixtures("cell_words")
def test_a_mesh_that_needs_a_registry_gets_local_images_from_there(remote, registry, name):
    built = remote.build("hello", tag="local/team/mine:v7")
    remote.config(registry=f"{registry.host}/far")
    image = remote.deploy("local/team/mine:v7").plugin.image
    assert image.reference == f"{registry.host}/far/team/mine:v7@{built.digest}"
    assert resolve(image.reference) == built.digest
    unpushed = remote.build("hello", tag=name, annotation=["title=x"])
    with pytest.raises(RegistryError, match="does not have") as caught:
        remote.deploy(name)
    assert caught.value.hint == f"%wasm_push {name}"
    remote.push(name)
    assert remote.deploy(name).plugin.image.reference == unpushed.pinned


def test_on_real_envoys_straight_from_a_registry(session, name):
    built = session.build("hello", tag=name, variant="compat")
    session.push(name)
    session.rm(name)
    try:
        session.mesh("local")
        done = session.deploy(name, selector="app=details")
        assert [verdict.running for verdict in done.verdicts] == [built.digest]
        response = session.headers("productpage", "details:9080/details/1").after.response
        assert response.headers["hello"] == "world"
    finally:
        session.close()


def test_the_way_to_a_registry_is_of_the_command_else_of_the_configured_one(session, tmp_path):
    pem = tmp_path / "ca.pem"
    pem.write_text("")
    nothing, insecure = AccessOptions(), AccessOptions(insecure=True)
    session.config(ca=str(pem))
    assert session.context.access("any.example", nothing)["ca"] == str(pem)
    session.config(registry="registry.example/me")
    assert session.context.access("registry.example", nothing)["ca"] == str(pem)
    assert session.context.access("any.example", nothing) == {}
    assert session.context.access("registry.example", insecure)["ca"] is None
    for wrong in ({"ca": "missing.pem"}, {"plain_http": "perhaps"}):
        with pytest.raises((UsageError, ConfigError)):
            session.config(**wrong)
    assert session.config(plain_http="yes")["plain_http"] is True
    assert session.config(plain_http="")["plain_http"] is False


def test_login_takes_a_password_from_the_environment(session, guarded, monkeypatch):
    from tests.image.registry.parts import PASSWORD, USER

    name = f"{guarded.host}/tests/login:v1"
    session.build("hello", tag=name)
    with pytest.raises(AuthError):
        session.push(name)
    monkeypatch.setenv("REGISTRY_TOKEN", PASSWORD + "\n")
    done = session.login(guarded.host, user=USER, password_env="REGISTRY_TOKEN")
    assert done.checked
    assert session.push(name).digest
    assert session.logout(guarded.host).found
    assert not session.logout(guarded.host).found
    with pytest.raises(UsageError, match="is not set"):
        session.login(guarded.host, user=USER, password_env="hunter2-secret")
    with pytest.raises(UsageError, match="user name"):
        session.login(guarded.host)


def test_the_doctor_looks_at_store_and_credentials(session, tmp_path):
    def rows():
        return {check.name: check for check in session.doctor()}

    built = session.build("hello")
    assert rows()["image store"].ok
    assert rows()["registry credentials"].ok
    folder = tmp_path / "docker"
    folder.mkdir()
    config = folder / "config.json"
    config.write_text('{"auths": {"registry.example": {"auth": "aHVudGVyMi1zZWNyZXQ="}}}')
    config.chmod(0o644)
    found = rows()["registry credentials"]
    assert not found.ok
    assert "chmod 600" in found.hint
    config.chmod(0o600)
    assert rows()["registry credentials"].detail == "registry.example"
    config.write_text('{"auths": hunter2-secret')
    found = rows()["registry credentials"]
    assert not found.ok
    assert "hunter2" not in found.detail
    layer = built.image.layers[-1].digest.removeprefix("sha256:")
    (session.store.path / "blobs" / "sha256" / layer).write_bytes(b"damaged")
    assert not rows()["image store"].ok
    assert session.build("hello", force=True).digest == built.digest
    assert rows()["image store"].ok
