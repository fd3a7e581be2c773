"""The magics about images: what they show, and what they refuse."""

from __future__ import annotations

import base64
import io
import json

import pytest

from tests.image.registry.parts import PASSWORD, SECRETS, USER, DockerRegistry, authority
from tests.magics.conftest import FILTER
from tests.magics.test_shell import bundle, error, run, shown
from wasmnb import session
from wasmnb.errors import AuthError, BadNameError, ImageError, RegistryError, ToolchainError, UsageError

pytestmark = pytest.mark.compiler


@pytest.fixture
def hello(shell):
    session.default().filter("hello", FILTER)
    return shell


def test_from_build_to_remove(hello, registry):
    name = f"{registry.host}/magics/hello:v1"
    built = run(hello, f"%wasm_build hello -t {name} -a 'title=Says hello'")
    text = bundle(hello, built)["text/plain"]
    assert "built and kept" in text
    assert built.digest in text
    assert "title=Says hello" in text
    assert "unchanged" in shown(hello, f"%wasm_build hello -t {name} -a 'title=Says hello'")
    pushed = run(hello, f"%wasm_push {name}")
    assert pushed.digest == built.digest
    assert f": {pushed.digest}" in bundle(hello, pushed)["text/plain"].splitlines()[0]
    assert "pushed in" in bundle(hello, pushed)["text/plain"]
    assert "unchanged" in shown(hello, f"%wasm_push {name}")
    assert run(hello, f"%wasm_list {registry.host}/magics").frame["digest"].tolist() == [built.digest]
    assert "Istio" in shown(hello, f"%wasm_inspect {name}")
    assert "names what" in shown(hello, f"%wasm_tag {name} local/hello:v1")
    assert "unchanged" in shown(hello, f"%wasm_tag {name} local/hello:v1")
    removed = shown(hello, f"%wasm_rm {name} local/hello:v1")
    assert "2 removed" in removed
    assert "freed" in removed
    assert "pulled" in shown(hello, f"%wasm_pull {name}")
    assert "is here already" in shown(hello, f"%wasm_pull {name}")


def test_the_table_of_the_article_can_be_recognised(hello):
    run(hello, "%wasm_build hello -t local/hello:v0.2")
    title, heading, row = shown(hello, "%wasm_list --search hell").splitlines()
    assert title == "Images on this machine: 1 image"
    assert heading.split()[:5] == ["NAME", "TAG", "SIZE", "DIGEST", "UPDATED"]
    assert row.split()[:2] == ["local/hello", "v0.2"]
    assert "sha256:" in row
    assert run(hello, "%wasm_list --search nothing").frame.empty


def test_a_variable_with_a_result_stands_for_it(hello, fake):
    hello.run_cell("built = %wasm_build hello")
    assert "live on 1 pod" in shown(hello, "%wasm_deploy $built --selector app=details")
    assert "nothing was done" in shown(hello, "%wasm_deploy local/hello --selector app=details")
    assert "pinned" in dir(hello.user_ns["built"])
    with pytest.raises(AttributeError, match="no attribute 'digset'"):
        _ = hello.user_ns["built"].digset
    first = "before = %wasm_headers productpage details:9080/"
    hello.run_cell(first)
    run(hello, "%wasm_undeploy hello")
    assert "; - x-hello: " in shown(hello, "%wasm_headers productpage details:9080/ --before $before")


def test_names_that_are_not_there(hello, registry):
    run(hello, "%wasm_build hello")
    assert "local/hello:latest" in error(hello, "%wasm_push local/helo", ImageError).hint
    assert "%wasm_build hello -t" in error(hello, "%wasm_push hello", ImageError).hint
    assert "did you mean 'hello'?" in error(hello, "%wasm_build helo", BadNameError).hint
    assert "only precompiled" in error(hello, "%wasm_build hello x.wasm", UsageError).hint
    error(hello, f"%wasm_pull {registry.host}/nothing/there:v1", RegistryError)
    error(hello, f"%wasm_list {registry.host} --plain-http --insecure", UsageError)
    assert "%wasm_list --search hello" in error(hello, "%wasm_list hello", RegistryError).hint


def test_no_container_daemon_is_told_with_the_way_out(hello, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (tmp_path / "folder").mkdir()
    assert "%wasm_build" in error(hello, f"%wasm_build {tmp_path}/folder --in-container rust:1", ToolchainError).hint


def test_a_container_builds_a_folder_and_its_log_is_streamed(hello, tmp_path, monkeypatch, capsys):
    module = run(hello, "%wasm_build hello").image.module
    (tmp_path / "runtime-config.json").write_text('{"type": "envoy_proxy", "config": {"rootIds": [""]}}')
    asked = {}

    def build(folder, image, *, log, **keywords):
        asked.update(keywords, image=image)
        log("compiling")
        return module

    monkeypatch.setattr("wasmnb.compile.container.build_in_container", build)
    built = run(hello, f"%wasm_build {tmp_path} -t local/boxed --in-container rust:1 --command 'make all' --pull")
    assert built.reference == "local/boxed:latest"
    assert "compiling" in capsys.readouterr().out
    assert (asked["image"], asked["command"], asked["pull"], asked["name"]) == ("rust:1", "make all", True, "boxed")


@pytest.mark.registry
def test_an_authority_of_ones_own_by_option_or_by_default(hello, tmp_path):
    ca, certificate, key = authority(tmp_path)
    registry = DockerRegistry(tmp_path / "tls", f"  tls: {{certificate: {certificate}, key: {key}}}\n")
    try:
        name = f"{registry.host}/magics/tls:v1"
        run(hello, f"%wasm_build hello -t {name}")
        assert "--ca" in error(hello, f"%wasm_push {name}", RegistryError).hint
        assert "pushed" in shown(hello, f"%wasm_push {name} --ca {ca}")
        assert "unchanged" in shown(hello, f"%wasm_push {name} --insecure")
        run(hello, f"%wasm_config registry={registry.host}/magics ca={ca}")
        assert "unchanged" in shown(hello, f"%wasm_push {name}")
        assert "unchanged" in shown(hello, f"%wasm_pull {name}")
    finally:
        registry.stop()


def test_login_asks_masked_and_keeps_what_docker_would(hello, guarded, tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda prompt, _: asked.append(prompt) or PASSWORD)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    login = run(hello, f"%wasm_login {guarded.host} -u {USER}")
    assert asked == [f"Password for {USER} at {guarded.host}: "]
    kept = json.loads((tmp_path / "docker" / "config.json").read_text())
    assert base64.b64decode(kept["auths"][guarded.host]["auth"]).decode() == f"{USER}:{PASSWORD}"
    name = f"{guarded.host}/magics/hello:v1"
    run(hello, f"%wasm_build hello -t {name}")
    assert "pushed" in shown(hello, f"%wasm_push {name}")
    assert "forgotten" in shown(hello, f"%wasm_logout {guarded.host}")
    assert "unchanged" in shown(hello, f"%wasm_logout {guarded.host}")
    error(hello, f"%wasm_pull {name}", AuthError)
    printed = "".join(capsys.readouterr()) + repr(login) + "".join(bundle(hello, login).values())
    assert not any(secret in printed for secret in SECRETS)


def test_a_pipe_is_read_where_there_is_no_terminal(hello, guarded, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert "Logged in" in shown(hello, f"%wasm_login {guarded.host} -u {USER}")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "--password-env" in error(hello, f"%wasm_login {guarded.host} -u {USER}", UsageError).hint


def test_a_cell_below_a_login_is_not_quoted(hello):
    assert "hunter2" not in str(error(hello, "%%wasm_login registry.example -p hunter2\nx", UsageError))
