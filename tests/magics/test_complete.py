from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from wasmnb import session


def tab(shell, text):
    """Complete at ``|``, through IPython's completer."""
    at = text.index("|")
    with provisionalcompleter():
        found = list(shell.Completer.completions(text.replace("|", "", 1), at))
    return {text[one.start : at] + "→" + one.text for one in found}


CASES = [
    ("%wasm_deploy --sel|", {"--sel→--selector"}),
    ("%wasm_deploy f --selector app=det|", {"app=det→app=details"}),
    ("%wasm_deploy f --selector=app=det|", {"app=det→app=details"}),
    ("%wasm_deploy f -s app=details,v|", {"v→version=v1"}),
    ("%wasm_deploy f --phase A|", {"A→AUTHN", "A→AUTHZ"}),
    ("%wasm_deploy f --fail-policy |", {"→close", "→open", "→reload"}),
    ("%wasm_headers pro|", {"pro→productpage", "pro→productpage-v1"}),
    ("%wasm_headers productpage det|", {"det→details:9080/"}),
    ("%wasm_headers productpage details:9080/ --via |", {"→proxy", "→app"}),
    ("x = %wasm_logs |", {"→details-v1", "→productpage-v1"}),
    ("%wasm_mesh |", {"→local", "→stop"}),
    ("%wasm_config mesh=|", {"→local"}),
    ("%wasm_config re|", {"re→registry="}),
    ("%%wasm_filter f --dep|", {"--dep→--deploy"}),
    ("%%wasm_filter f --deploy app=p|\nint x;\n", {"app=p→app=productpage"}),
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


def test_without_a_mesh_tab_is_quiet(shell, capfd):
    assert tab(shell, "%wasm_headers pro|") <= {"pro→property"}
    assert capfd.readouterr().err == ""


def test_the_program_below_has_the_names_of_the_sdk_and_its_own(shell):
    body = "%%wasm_filter f\nint my_number;\nvoid f() { "
    assert "addResp→addResponseHeader" in tab(shell, body + "addResp|")
    assert tab(shell, body + "my_nu|") == {"my_nu→my_number"}


def test_other_cells_are_left_alone(shell):
    shell.run_cell("a_long_name = 1")
    assert "a_long→a_long_name" in tab(shell, "a_long|")
