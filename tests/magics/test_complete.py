from __future__ import annotations

import sys
import time

import pytest
from IPython.core.completer import provisionalcompleter

from tests.magics.conftest import FILTER
from wasmnb import session
from wasmnb.commands import COMMANDS
from wasmnb.compile import Filter
from wasmnb.compile.language_server import LanguageServers
from wasmnb.compile.language_server.servers import LOOK
from wasmnb.errors import Explained
from wasmnb.magics._complete import in_body
from wasmnb.magics._draft import program
from wasmnb.magics._inspect import Inspector


def tab(shell, text):
    """Complete at ``|``, through IPython's completer."""
    at = text.index("|")
    with provisionalcompleter():
        found = list(shell.Completer.completions(text.replace("|", "", 1), at))
    return {text[one.start : at] + "→" + one.text for one in found}


CASES = [
    ("%wasm_dep|", {"%wasm_dep→%wasm_deploy"}),
    ("%%wasm_dep|", {"%%wasm_dep→%wasm_deploy"}),
    ("%wasm_filt|", {"%wasm_filt→%%wasm_filter", "%wasm_filt→%wasm_filter"}),
    ("%%wasm_filt|", {"%%wasm_filt→%%wasm_filter"}),
    ("a = 1\n%wasm_filt|", {"%wasm_filt→%wasm_filter"}),
    ("x = %wasm_dep|", {"%wasm_dep→%wasm_deploy"}),
    ("%wasm_deploy --sel|", {"--sel→--selector"}),
    ("%wasm_deploy f --selector app=det|", {"app=det→app=details"}),
    ("%wasm_deploy f --selector=app=det|", {"app=det→app=details"}),
    ("%wasm_deploy f -s app=details,v|", {"v→version=v1"}),
    ("%wasm_deploy f --steps version=v1,app=d|", {"app=d→app=details"}),
    ("%wasm_deploy f --steps version=v1+app=p|", {"app=p→app=productpage"}),
    ("%wasm_deploy f --phase A|", {"A→AUTHN", "A→AUTHZ"}),
    ("%wasm_deploy f --fail-policy |", {"→close", "→open", "→reload"}),
    ("%wasm_headers pro|", {"pro→productpage", "pro→productpage-v1"}),
    ("%wasm_headers productpage det|", {"det→details:9080/"}),
    ("%wasm_headers productpage details:9080/ --via |", {"→proxy", "→app"}),
    ("x = %wasm_logs |", {"→details-v1", "→productpage-v1"}),
    ("%wasm_mesh |", {"→istio", "→local", "→stop", "→list", "→join"}),
    ("%wasm_config mesh=|", {"→istio", "→local"}),
    ("%wasm_config re|", {"re→registry="}),
    ("%%wasm_filter f --dep|", {"--dep→--deploy"}),
    ("%%wasm_filter f --deploy app=p|\nint x;\n", {"app=p→app=productpage"}),
    ("%%wasm_filter f --deploy app=details --pull-s|", {"--pull-s→--pull-secret"}),
    ("%wasm_build f --deploy app=details --deploy-target envoy-|", {"envoy-→envoy-gateway"}),
    ("a = 1\n%wasm_logs det|", {"det→details-v1"}),
]


@pytest.mark.parametrize(("text", "wanted"), CASES, ids=[text for text, _ in CASES])
def test_tab(shell, fake, text, wanted):
    assert tab(shell, text) == wanted


def test_options_that_were_given_are_not_offered_again(shell, fake):
    assert "→--id" not in tab(shell, "%wasm_deploy f --id x -|")
    assert "-→--config" in tab(shell, "%wasm_deploy f --id x -|")


def test_filters_and_plugins_are_offered(shell, fake, monkeypatch):
    monkeypatch.setattr(type(session.default()), "filters", ["header-filter"])
    assert tab(shell, "%wasm_deploy h|") == {"h→header-filter"}


@pytest.mark.compiler
def test_images_registries_and_what_can_be_built_are_offered(shell, fake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.wasm").write_bytes(b"")
    folder = tmp_path / "docker"
    folder.mkdir()
    (folder / "config.json").write_text('{"auths": {"registry.example": {}}}')
    mine = session.default()
    mine.filter("hello", FILTER)
    for tag in ("local/hello", "local/hello:v2", "localhost:5000/me/hello:v3"):
        mine.build("hello", tag=tag)
    mine.config(registry="other.example:5000/me")
    local = {"local/h→local/hello:latest", "local/h→local/hello:v2"}
    for line in (
        "%wasm_push",
        "%wasm_rm local/x",
        "%wasm_deploy",
        "%wasm_inspect",
        "%wasm_build hello -t",
        "%wasm_tag x",
    ):
        assert tab(shell, f"{line} local/h|") == local, line
    assert tab(shell, "%wasm_deploy local/hello:v|") == {"local/hello:v→local/hello:v2"}
    assert tab(shell, "%wasm_login |") == {"→other.example:5000", "→registry.example"}
    assert tab(shell, "%wasm_list local|") == {"local→local/hello", "local→localhost:5000/me/hello"}
    assert tab(shell, "%wasm_build |") == {"→hello", "→precompiled", "→other.wasm"}
    assert tab(shell, "%wasm_build hello --variant |") == {"→artifact", "→compat"}
    assert tab(shell, "%wasm_build hello -a ti|") == {"ti→title="}
    assert tab(shell, "%wasm_config plain_http=|") == {"→true", "→false"}


def test_a_store_that_cannot_be_read_is_no_error_at_tab(shell, tmp_path, monkeypatch, capfd):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "file" / "store"))
    assert not any(found.endswith("latest") for found in tab(shell, "%wasm_push local/|"))
    assert capfd.readouterr().err == ""


def test_without_a_mesh_tab_is_quiet(shell, capfd):
    assert tab(shell, "%wasm_headers pro|") <= {"pro→property"}
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "line", ["wasm_file --help", "wasm_filter --help", "wasm_file ../own.h", "wasm_file /tmp/own.h"]
)
def test_what_would_not_run_has_no_program(shell, line):
    with pytest.raises(Explained):
        program(shell, COMMANDS, f"%%{line}\nint x;")


def test_the_time_of_a_look_at_a_name_is_all_that_it_takes(shell, monkeypatch):
    left = []
    monkeypatch.setattr(LanguageServers, "inspect", lambda *_, within: left.append(within) or "")

    def slow(_):
        time.sleep(0.3)
        return Filter("any", "int x;")

    Inspector(lambda *_: None, slow)("%%wasm_filter any\nint x;", 24)
    assert 0 <= left[0] <= LOOK - 0.3


def test_the_program_below_has_the_names_of_the_sdk_and_its_own(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "pylsp_jsonrpc", None)  # without the extra: no server is asked
    body = "%%wasm_filter f\nint my_number;\nvoid f() { "
    assert "addResp→addResponseHeader" in tab(shell, body + "addResp|")
    assert tab(shell, body + "my_nu|") == {"my_nu→my_number"}


@pytest.mark.parametrize("end", [" \\\n", " \\\r\n", " --no-warm \\\n  "])
def test_a_line_that_goes_on_is_completed_as_one(shell, end):
    assert "--lan→--language" in tab(shell, f"%%wasm_filter x{end}--lan|")


def test_other_cells_are_left_alone(shell):
    shell.run_cell("a_long_name = 1")
    assert "a_long→a_long_name" in tab(shell, "a_long|")


@pytest.mark.parametrize(
    ("cell", "line", "within"),
    [
        ("%%wasm_filter x\nint a;", 1, True),
        ("# greets\n\n#@title x\n%%wasm_filter x\nint a;", 4, True),
        ("# greets\n%%wasm_filter x\nint a;", 1, False),
        ("#include <string>\n%%wasm_filter x\nint a;", 2, False),
        ("%%wasm_filter x \\\n  --lang cpp\nint a;", 1, False),
        ("%%wasm_filter x \\\n  --lang cpp\nint a;", 2, True),
    ],
)
def test_a_program_is_below_its_magic_wherever_that_stands(cell, line, within):
    assert in_body(cell, line) is within
