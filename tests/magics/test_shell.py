from __future__ import annotations

import subprocess
import sys

import pytest

from tests.magics.conftest import FILTER, ROOT
from wasmnb import session
from wasmnb.commands import COMMANDS
from wasmnb.errors import BadNameError, CompileError, ConfigError, NoMeshError, UsageError
from wasmnb.mesh.results import Pods


def run(shell, cell):
    return shell.run_cell(cell, store_history=True).result


def error(shell, cell, kind):
    found = shell.run_cell(cell).error_in_exec
    assert type(found) is kind, found
    return found


def bundle(shell, result):
    return shell.display_formatter.format(result)[0]


def shown(shell, cell):
    """Give the text that a cell shows."""
    return bundle(shell, run(shell, cell))["text/plain"]


def test_loading_brings_nothing_heavy():
    program = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell;"
        "before = set(sys.modules); shell = InteractiveShell.instance();"
        "shell.run_line_magic('load_ext', 'wasmnb');"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "{'pandas', 'numpy', 'kubernetes', 'docker', 'oras', 'requests', 'ipywidgets', 'envoy', 'ziglang'}"
        " or name in {'wasmnb.mesh.local', 'wasmnb.compile.languages', 'wasmnb.session.session', 'wasmnb.image'}"
        " or name.startswith(('wasmnb.commands.', 'wasmnb.options', 'wasmnb.plugin'))"
        " or name.startswith('wasmnb.views.') and name != 'wasmnb.views.formatters'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_question_mark_give_the_same_page(shell, name, capsys):
    assert run(shell, f"%{name} --help") is None
    page = capsys.readouterr().out
    assert page.startswith(COMMANDS[name].prefix + name)
    assert shell.object_inspect(f"%{name}")["docstring"].strip() == page.strip()


def test_a_command_before_a_mesh_says_which_one_starts_it(shell):
    for line in ("%wasm_pods", "%wasm_status", "%wasm_logs x", "%wasm_undeploy x", "%wasm_headers a b", "%wasm_mesh"):
        assert "%wasm_mesh local" in error(shell, line, NoMeshError).hint
    run(shell, "%wasm_config mesh=local")
    assert error(shell, "%wasm_pods", NoMeshError).hint.startswith("%wasm_mesh starts")


def test_deploying_to_no_mesh_is_said_before_the_compiler_runs(shell):
    assert "%wasm_mesh local" in error(shell, f"%%wasm_filter hello --deploy app=details\n{FILTER}", NoMeshError).hint
    assert session.default().filters == []


@pytest.mark.parametrize(
    "cell", ["%%wasm_filter hello", "\n%%wasm_filter hello", "%%wasm_filter hello\n", "%%wasm_filter hello\n  \n\n"]
)
def test_a_cell_without_a_source_is_our_error(shell, cell):
    assert "has no source" in error(shell, cell, UsageError).what


@pytest.mark.parametrize("name", ["filter hello", "filter hello --deploy app=details", "file a.h"])
def test_a_terminal_waits_for_the_body_below_a_line(shell, name):
    assert shell.check_complete(f"%%wasm_{name}") == ("incomplete", "")
    assert shell.check_complete(f"%%wasm_{name}\n#include <map>") == ("incomplete", "")
    assert shell.check_complete(f"%%wasm_{name}\n#include <map>\n\n")[0] == "complete"
    assert shell.check_complete(f"%wasm_{name}")[0] == "complete"


@pytest.mark.parametrize("body", [FILTER, 'syntax = "proto3";\nmessage A {}\n', "fn main() {}\n"])
def test_a_program_below_one_sign_is_our_error(shell, body, capsys):
    done = shell.run_cell(f"%wasm_filter hello --config token=hunter2\n{body}")
    found = done.error_before_exec
    assert isinstance(found, UsageError)
    assert "needs two signs, %%wasm_filter" in found.what
    assert found.hint == "begin the cell with %%wasm_filter"
    out = capsys.readouterr().out
    assert "UsageError" in out
    assert "Traceback" not in out
    assert "hunter2" not in out


def test_a_filter_below_other_lines_is_told_what_may_stand_there(shell):
    found = shell.run_cell(f"x = 1\n%%wasm_file a.h --help\n{FILTER}").error_before_exec
    assert isinstance(found, UsageError)
    assert found.hint == "put what stands above it into a cell of its own; comments that begin with # may stay"
    assert shell.run_cell("x = 1").success
    assert shell.run_cell(f"# a comment\n%%wasm_file a.h --help\n{FILTER}").success


def test_python_below_one_sign_is_python(shell, fake):
    assert run(shell, "%wasm_file a.h --help\nx = 1\n%wasm_pods\nx + 1\n") == 2


def test_a_cell_over_a_line_magic_is_our_error(shell, fake):
    found = error(shell, "%%wasm_pods\nx", UsageError)
    assert "takes no cell" in found.what
    assert found.hint.startswith("write it with one %, in a line: %wasm_pods")
    assert type(run(shell, found.hint.partition(": ")[2])) is Pods


def test_a_name_that_no_image_can_have(shell):
    assert "'my-filter'" in error(shell, f"%%wasm_filter My_Filter!\n{FILTER}", BadNameError).hint


def test_an_unknown_filter_is_named_with_those_there_are(shell, fake):
    assert error(shell, "%wasm_deploy heder-filter", BadNameError).why == ("no filter has been compiled yet",)


def test_broken_json_is_pointed_at(shell, fake):
    place = error(shell, """%wasm_deploy x --config '{"name": "hello",}'""", ConfigError).where
    assert place.quote[place.column - 1] == "}"


def test_a_result_is_shown_kept_and_silenced(shell, fake):
    result = run(shell, "%wasm_pods")
    assert isinstance(result, Pods)
    assert list(result.frame["pod"]) == ["details-v1", "productpage-v1"]
    assert {"text/plain", "text/html"} == set(bundle(shell, result))
    assert run(shell, "out = %wasm_pods") is None
    assert shell.user_ns["out"].to_dict()["pods"][0]["name"] == "details-v1"
    assert run(shell, "%wasm_pods ;") is None


def test_variables_are_those_of_the_notebook(shell, fake):
    shell.run_cell(
        "who = 'productpage'\ndef ask(where):\n    return get_ipython().run_line_magic('wasm_headers', '$who $where')"
    )
    assert "200 OK" in shown(shell, "ask('details:9080/')")
    assert "'who'" in error(shell, "%wasm_headers $whoo details:9080/", UsageError).hint


def test_defaults_are_set_shown_and_refused(shell):
    settings = run(shell, "%wasm_config selector=app=details timeout=3")
    values = dict(zip(settings.frame["name"], settings.frame["value"], strict=True))
    assert values["selector"] == "app=details"
    assert "did you mean 'selector'?" in error(shell, "%wasm_config selektor=x timeout=9", UsageError).hint
    assert session.default().config()["timeout"] == 3.0
    assert "me:pw" not in str(error(shell, "%wasm_config registry=me:pw@host/x", ConfigError))


def test_an_unexpected_exception_keeps_its_traceback(shell, fake, capsys):
    fake.pods = lambda: 1 / 0
    error(shell, "%wasm_pods", ZeroDivisionError)
    assert "Traceback" in capsys.readouterr().out


def test_unloading_stops_the_mesh_and_takes_everything_away(shell, fake):
    shell.extension_manager.unload_extension("wasmnb")
    assert fake.stopped
    assert not any(name.startswith("wasm_") for kind in shell.magics_manager.magics.values() for name in kind)
    assert [m for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") == "wasmnb"] == []
    shell.extension_manager.load_extension("wasmnb")
    shell.extension_manager.reload_extension("wasmnb")
    assert len([m for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") == "wasmnb"]) == 1


@pytest.mark.compiler
def test_blank_lines_above_the_magic_count_as_in_the_cell(shell):
    shell.get_parent = lambda: {"content": {"code": "\n\n%%wasm_filter hello\nint x = ;\n"}}
    assert error(shell, "\n\n%%wasm_filter hello\nint x = ;\n", CompileError).where.line == 4
