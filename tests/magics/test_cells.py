"""Several magics in a cell: each shows what it did, once, wherever it stands."""

from __future__ import annotations

import pytest
from jupyter_client.manager import start_new_kernel

from tests.magics.conftest import ROOT
from tests.magics.test_kernel import FAKE
from wasmnb.errors import UsageError
from wasmnb.magics._run import _no_program


@pytest.fixture(scope="module")
def kernel():
    """A real kernel with the extension and a mesh in memory."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    for cell in ("%load_ext wasmnb", FAKE):
        assert client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)["content"]["status"] == "ok"
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=False)


@pytest.fixture
def mesh(shell, fake):
    return shell


def displayed(kernel, cell):
    """Give the texts that a cell displays, that of its own value among them."""
    texts = []

    def keep(message):
        if message["msg_type"] in ("display_data", "execute_result"):
            texts.append(message["content"]["data"]["text/plain"])

    reply = kernel.execute_interactive(cell, timeout=60, output_hook=keep)
    assert reply["content"]["status"] == "ok", reply["content"]
    return texts


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("%wasm_pods", 1),
        ("%wasm_pods\n%wasm_pods", 2),
        ("%wasm_pods\n%wasm_pods\n%wasm_status\n%wasm_pods", 4),
        ("for _ in range(3):\n    %wasm_pods", 3),
        ("if True:\n    %wasm_pods", 1),
        ("for _ in range(3): %wasm_pods", 3),
        ("if True: %wasm_pods  # every pod\nelse: %wasm_status", 1),
        ("name = 'details'\nfor app in (name, name): %wasm_pods \\\n    # $app", 2),
        ("if True: x = %wasm_pods", 0),
        ("words = 'if True: %wasm_pods'", 0),
        ("if False:\n    %wasm_pods", 0),
        ("try:\n    %wasm_pods\nfinally:\n    pass", 1),
        ("def look():\n    %wasm_pods\nlook()\nlook()", 2),
        ("%wasm_pods\nx = 1", 1),
        ("x = %wasm_pods", 0),
        ("x = %wasm_pods\ny = 1\n%wasm_status", 1),
        ("for _ in (1, 2):\n    x = %wasm_pods", 0),
        ("%wasm_pods;", 0),
        ("%wasm_pods;\n%wasm_pods", 1),
        ("for _ in (1, 2):\n    %wasm_pods;", 0),
        ("%wasm_pods  # every pod\n%wasm_pods # again", 2),
        ("%wasm_pods; # nothing\n1", 1),
        ("1\n%wasm_pods", 1),
    ],
)
def test_each_magic_of_a_cell_shows_what_it_did_once(kernel, cell, shown):
    assert len(displayed(kernel, cell)) == shown


@pytest.mark.parametrize("line", ["%wasm_pods; %wasm_pods", "%wasm_pods ; %wasm_pods  # both", "%wasm_status; x = 1"])
def test_a_second_magic_of_a_line_is_not_passed_over_in_silence(mesh, line):
    assert "write each on a line of its own" in mesh.run_cell(line).error_in_exec.hint


@pytest.mark.parametrize(("which", "count"), [("all", 2), ("none", 1), ("last_expr_or_assign", 2), ("last", 2)])
def test_what_ipython_shows_by_itself_is_not_shown_twice(kernel, which, count):
    setting = "get_ipython().ast_node_interactivity = {!r}"
    displayed(kernel, setting.format(which))
    try:
        assert len(displayed(kernel, "%wasm_pods\nif True:\n    %wasm_pods")) == count
    finally:
        displayed(kernel, setting.format("last_expr"))


def test_other_values_are_left_alone(kernel):
    assert displayed(kernel, "1\n2\n%wasm_pods\n3")[-1:] == ["3"]
    assert displayed(kernel, "x = [1]\nx.append(2)\nx") == ["[1, 2]"]


def test_a_magic_that_there_is_not_is_an_error_with_a_proposal(mesh):
    for cell, near in (
        ("%wasm_deplyo x", "%wasm_deploy"),
        ("if True:\n    %wasm_pod", "%wasm_pods"),
        ("if True: %wasm_pod", "%wasm_pods"),
        ("x = %wasm_statsu", "%wasm_status"),
        ("%%wasm_fliter x\nbody", "%%wasm_filter"),
    ):
        found = mesh.run_cell(cell).error_in_exec
        assert type(found) is UsageError
        assert f"did you mean '{near}'" in found.hint
    assert mesh.run_cell("%wasm_zzzzzzzz").error_in_exec.hint == "%wasm_ and Tab list the magics"
    assert {"%wasm_deploy", "%wasm_pods"} <= set(mesh.complete("%wasm_")[1])


def test_a_magic_that_a_line_above_brings_is_somebody_elses(mesh):
    cell = "get_ipython().register_magic_function(lambda line: line, 'line', 'wasmtime')\nx = %wasmtime a"
    try:
        assert mesh.run_cell(cell).success
        assert mesh.user_ns["x"] == "a"
    finally:
        del mesh.magics_manager.magics["line"]["wasmtime"]
    assert type(mesh.run_cell("x = %wasmtime a").error_in_exec) is UsageError


def test_unloading_takes_it_away(mesh):
    before = len(mesh.ast_transformers)
    tokens = len(mesh.input_transformer_manager.token_transformers)
    mesh.run_line_magic("unload_ext", "wasmnb")
    assert len(mesh.ast_transformers) == before - 1
    assert len(mesh.input_transformer_manager.token_transformers) == tokens - 2
    mesh.run_line_magic("load_ext", "wasmnb")
    mesh.run_line_magic("reload_ext", "wasmnb")
    assert len(mesh.ast_transformers) == before


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("%wasm_pods\t# all", 1),
        ("%wasm_pods\u00a0# all", 1),
        ("x = %wasm_pods\t# all", 0),
        ("n = 1; %wasm_pods", 1),
        ("n = 0\nwhile n < 2: n += 1; %wasm_pods", 2),
        ("async def look():\n    %wasm_pods\nawait look()", 1),
    ],
)
def test_magics_as_people_write_them(kernel, cell, shown):
    assert len(displayed(kernel, cell)) == shown


@pytest.mark.parametrize("written", ["%WASM_pods", "%wasm-pods", "%wasm pods", "% wasm_pods", "%Wasm_pods -o wide"])
def test_a_name_that_is_written_otherwise(mesh, written):
    assert mesh.run_cell(written).error_in_exec.hint == "did you mean '%wasm_pods'?"


@pytest.mark.parametrize(
    ("word", "plain"), [("\u2013o", "-o"), ("\u2014output", "--output"), ("\u2212-output=x", "--output=x")]
)
def test_a_dash_that_is_no_minus(mesh, word, plain):
    assert mesh.run_cell(f"%wasm_pods {word}").error_in_exec.hint == f"write {plain}"


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("%%wasm_filter x\n", 2),
        ("# a comment\n\n#@title Mine\n%%wasm_filter x\n", 5),
        ("  %%wasm_filter x\n", 2),
        ("\ufeff%%wasm_filter x\n", 2),
        ("%%wasm_filter x \\\n    --lang cpp \\  \n    -D A  # flags\n", 4),
        ("\n# above\n%%wasm_filter x \\\n --lang cpp\n", 5),
        ("%%wasm_filter\tx\n", 2),
        ("%%wasm_filter x \\\r\n --lang cpp\r\n", 3),
        ("%%wasm_filter x --lang cpp # note \\\n", 2),
        ("%%wasm_filter x \\\n -D A='# \" #' \\\n --lang cpp\n", 4),
    ],
)
def test_a_cell_magic_keeps_the_lines_of_its_cell(kernel, above, line):
    said = []
    kernel.execute_interactive(f"{above}broken!\n", timeout=60, output_hook=said.append)
    (error,) = (one["content"] for one in said if one["msg_type"] == "error")
    assert error["ename"] == "CompileError"
    assert f"at cell line {line}, column 1" in "\n".join(error["traceback"])


@pytest.mark.parametrize(
    "cell",
    [
        "%wasm_pods \\\r\n --help\r\nx = 3\r\n",
        "%wasm_pods \\\n --help\nx = 3\n",
        "%wasm_pods \\  \n --help\nx = 3",
        "y = %wasm_pods \\\r\n --help\r\nx = 3",
        "if True:\r\n    %wasm_pods \\\r\n        --help\r\n    x = 3",
        "for _ in (1,): %wasm_pods \\\r\n --help\r\nx = 3",
        "%wasm_pods --help # note \\\nx = 3",
        "%wasm_pods \\\n --help # note \\\nx = 3",
    ],
)
def test_a_line_goes_on_behind_a_backslash_and_a_comment_does_not(mesh, capsys, cell):
    mesh.user_ns.pop("x", None)
    assert mesh.run_cell(cell).success
    assert capsys.readouterr().out.startswith("%wasm_pods [options]")
    assert mesh.user_ns["x"] == 3


@pytest.mark.parametrize(
    ("cell", "line", "column"),
    [
        ("print(%wasm_pods)", 1, 7),
        ("x = 1\ny = [%wasm_pods, 2]", 2, 6),
        ("for pod in %wasm_pods --watch:\n    print(pod)", 1, 12),
        ("len(\n  %wasm_pods\n)", 2, 3),
        ("if True:\n    assert %wasm_pods", 2, 12),
    ],
)
def test_a_magic_within_an_expression_is_told_what_to_write(mesh, cell, line, column):
    error = mesh.run_cell(cell).error_before_exec
    assert error.what == "%wasm_pods stands within an expression, and a magic is a line of its own."
    assert (error.where.line, error.where.column) == (line, column)
    assert error.hint == "write result = %wasm_pods in a line above, and result in its place"
    assert mesh.run_cell("result = %wasm_pods\nprint(result)").success


@pytest.mark.parametrize(
    "cell",
    ["a, wasm_pods = 7, 2\nassert a %wasm_pods == 1", "x = 'print(%wasm_pods)'", "if True: %wasm_pods", "%wasm_pods;"],
)
def test_what_is_python_or_a_magic_is_no_magic_within_an_expression(mesh, cell):
    assert mesh.run_cell(cell).success


@pytest.mark.parametrize("above", ["x = 1\n", "%wasm_pods\n", "#include <string>\n", "'''said'''\n\n"])
def test_a_cell_magic_below_other_lines_is_refused(mesh, above):
    found = mesh.run_cell(f"{above}%%wasm_filter x\nclass A {{}};\n")
    error = found.error_before_exec or found.error_in_exec
    assert error.what == "%%wasm_filter is for a whole cell, and other lines stand above it."
    assert error.where.line == above.count("\n") + 1
    assert mesh.run_cell("text = '''\n%%wasm_filter x\n'''").success


@pytest.mark.parametrize("cell", ["x = 1\n%%wasm_filter x\n", "if True:\n    %%wasm_filter x\n    y = 1\n"])
def test_a_cell_magic_within_python_is_refused(mesh, cell):
    found = mesh.run_cell(cell)
    error = found.error_before_exec or found.error_in_exec
    assert error.what == "%%wasm_filter is for a whole cell, and other lines stand above it."


@pytest.mark.compiler
@pytest.mark.parametrize(
    ("line", "hint"), [("%wasm_pods", "into a cell of its own"), ("```cpp", "take out the lines with ```")]
)
def test_what_stands_in_a_program_and_is_none(mesh, line, hint):
    assert hint in mesh.run_cell(f"%%wasm_filter x --lang cpp\n{line}\nint a;\n").error_in_exec.hint


def test_a_mistake_on_the_magics_own_line_keeps_its_hint(mesh):
    assert mesh.run_cell("%%wasm_filter x --lnag cpp\nint a;\n").error_in_exec.hint == "did you mean '--lang'?"


@pytest.mark.parametrize(
    ("line", "none"),
    [
        ("!pip install x", True),
        ("  !ls -l", True),
        ("!ls", True),
        ("    !done && more", False),
        ("  !header->view().empty())", False),
        ("!is_open(a) ||", False),
        ("%wasm_pods", True),
        ("    % 7 == rest", False),
    ],
)
def test_what_no_language_has(line, none):
    assert bool(_no_program(line)) is none
