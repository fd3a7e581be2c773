"""Through a real kernel: what runs a notebook must fail where a cell fails, and show why."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading

import nbformat
import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.magics.conftest import FILTER, ROOT

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

BROKEN = FILTER.replace('"world")', '"world"')
TYPO = FILTER.replace("addResponseHeader", "addResponseHeadr")
SETUP = "%load_ext wasmnb"
FAKE = "from tests.magics.meshes import FakeMesh\nimport wasmnb.session as s\ns.default().use(FakeMesh())"
REFUSED = "from wasmnb import Module\nmodule = Module('refused', b'\\0asm\\1\\0\\0\\0')"
STEPS = """\
from tests.mesh.tiny import tag
from tests.rollout.fakes import FakeMesh
import wasmnb.session as s
module = tag("new")
mesh = FakeMesh({f"shop-{v}": {"app": "shop", "version": v} for v in ("v1", "v2")}, requests={"shop-v1": None})
s.default().use(mesh)"""
CASES = """\
test:
- name: greeting
  request: GET /
  response_headers: {result: {has_header: [{key: hello, value: nobody}]}}
"""
FAILING = {
    "compile error": ([SETUP], f"%%wasm_filter hello\n{BROKEN}", "CompileError", 'addResponseHeader("hello", "world";'),
    "misspelt call": ([SETUP], f"%%wasm_filter hello\n{TYPO}", "CompileError", "addResponseHeadr"),
    "misspelt magic": ([SETUP], "%wasm_deplyo x", "UsageError", "did you mean '%wasm_deploy'"),
    "misspelt cell magic": ([SETUP], "%%wasm_fliter x\nbody", "UsageError", "did you mean '%%wasm_filter'"),
    "no source": ([SETUP], "%%wasm_filter hello", "UsageError", "has no source"),
    "bad option": ([SETUP], "%wasm_pods --nope", "UsageError", "has no option --nope"),
    "unknown filter": ([SETUP, FAKE], "%wasm_deploy helo", "BadNameError", "There is no filter called 'helo'"),
    "no mesh": ([SETUP], "%wasm_headers a b:1/", "NoMeshError", "%wasm_mesh local starts one"),
    "bad JSON": ([SETUP, FAKE], "%wasm_deploy x --config '{\"a\": 1,}'", "ConfigError", "is not valid JSON"),
    "no such image": ([SETUP, FAKE], "%wasm_deploy local/nothing", "ImageError", "The store has no image"),
    "rollout that nobody can be asked about": (
        [SETUP, STEPS],
        "%wasm_deploy $module --selector app=shop --steps version=v1,version=v2 --watch-for 0.1",
        "RolloutError",
        "nobody can be asked",
    ),
    "a case that fails": (
        [SETUP, f"%%wasm_filter hello\n{FILTER}"],
        f"%%wasm_test hello --host emulator\n{CASES}",
        "CasesFailedError",
        "actual:   hello: world",
    ),
    "refused module": ([SETUP, FAKE, REFUSED], "%wasm_deploy $module", "ModuleError", "refused"),
}


def notebook(*cells):
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return book


def words(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def outputs(book):
    return words(json.dumps([cell.get("outputs", []) for cell in book.cells], ensure_ascii=False))


@pytest.mark.parametrize("kind", FAILING)
def test_nbclient_fails_and_the_notebook_says_why(kind):
    setup, cell, name, text = FAILING[kind]
    book = notebook(*setup, cell, "never = 1")
    client = NotebookClient(book, timeout=120, resources={"metadata": {"path": str(ROOT)}})
    with pytest.raises(CellExecutionError) as caught:
        client.execute()
    assert caught.value.ename == name
    shown = words("\n".join(book.cells[len(setup)].outputs[-1].traceback))
    assert shown.startswith(f"{name}: ")
    assert " ".join(text.split()) in " ".join(shown.split())
    assert "Traceback" not in shown
    assert book.cells[-1].execution_count is None, "the cell after it ran"
    if name == "CompileError":
        line = next(number for number, row in enumerate(cell.splitlines(), 1) if "addResponseHead" in row)
        assert f"line {line}" in shown, shown


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """One notebook per kind of failure, for the runners that are slow to start."""
    folder = tmp_path_factory.mktemp("books")
    for kind, (setup, cell, *_) in FAILING.items():
        nbformat.write(
            notebook(f"import os; os.chdir({str(ROOT)!r})", *setup, cell), folder / f"{kind.replace(' ', '-')}.ipynb"
        )
    return folder


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_nbmake_fails_for_every_kind(books):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "-p", "no:cacheprovider", "-q", "-c", os.devnull, str(books)],
        cwd=books,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report = words(done.stdout)
    assert f"{len(FAILING)} failed" in report, report + done.stderr
    assert "passed" not in report
    for _, _, name, text in FAILING.values():
        assert name in report
        assert text in report


PAPERMILL = """
import sys, papermill
for source in sys.argv[1:]:
    try:
        papermill.execute_notebook(source, source + ".out", progress_bar=False)
    except papermill.PapermillExecutionError as error:
        print(source, error, "end of", source)
"""


def test_papermill_fails_for_every_kind_and_the_notebook_says_why(books):
    paths = {kind: books / f"{kind.replace(' ', '-')}.ipynb" for kind in FAILING}
    done = subprocess.run(
        [sys.executable, "-c", PAPERMILL, *map(str, paths.values())],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    for kind, path in paths.items():
        _, _, name, text = FAILING[kind]
        report = words(done.stdout).partition(f"{path} ")[2].partition(f"end of {path}")[0]
        saved = outputs(nbformat.read(f"{path}.out", 4)).replace('\\"', '"')
        for shown in (report, saved):
            assert name in shown, (kind, done.stdout + done.stderr)
            assert text in shown, kind


def test_the_mesh_ends_with_the_kernel():
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    cell = "%load_ext wasmnb\n%wasm_mesh local --no-bookinfo --workload shop=127.0.0.1:9"
    reply = client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
    mesh = psutil.Process(manager.provisioner.pid).children(recursive=True)
    client.stop_channels()
    manager.shutdown_kernel()
    assert reply["content"]["status"] == "ok", reply["content"]
    assert mesh
    _, alive = psutil.wait_procs(mesh, timeout=10)
    assert alive == []


def test_the_saved_notebook_has_records_and_no_secret():
    config = "settings = {'name': 'hello', 'password': ''.join(['hun', 'ter2-secret'])}"
    book = notebook(
        SETUP,
        "%wasm_mesh local",
        config,
        f"%%wasm_filter hello --deploy app=details --config $settings\n{FILTER}",
        f"%%wasm_filter hello --deploy app=details --config $settings\n{FILTER}",
        "from_cell = hello.name; from_cell",
        "token = ''.join(['Bearer abc', '.def'])",
        "line = f'authorization: {token}'",
        "%wasm_headers productpage details:9080/details/1 --header $line",
        "%wasm_status",
        "%wasm_pods",
        "%wasm_undeploy hello",
        "%wasm_mesh stop",
    )
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = outputs(book)
    assert "hunter2" not in shown
    assert "abc.def" not in shown
    plain = [cell.outputs[-1]["data"]["text/plain"] if cell.outputs else "" for cell in book.cells]
    html = [cell.outputs[-1]["data"].get("text/html", "") if cell.outputs else "" for cell in book.cells]
    assert "live on 1 pod" in plain[3]
    assert "compile" in html[3] or "build" in html[3]
    assert "nothing changed" in plain[4]
    assert plain[5] == "'hello'"
    assert "hello" in plain[8]
    assert "2/2" in plain[10]
    assert "<script" not in "".join(html)
    assert all(html[number] for number in (1, 3, 4, 8, 9, 10, 11, 12))


def matches(client, code, at=None):
    reply = client.complete(code, cursor_pos=len(code) if at is None else at, reply=True, timeout=30)
    content = reply["content"]
    return content["matches"], code[content["cursor_start"] : content["cursor_end"]]


def test_completion_through_the_kernel(start_kernel):
    _, client = start_kernel(FAKE)
    assert matches(client, "%wasm_deploy x --sel") == (["--selector"], "--sel")
    assert matches(client, "%wasm_logs det") == (["details-v1"], "det")
    code = "%%wasm_filter hello --deploy app=d\nint main;\n"
    assert matches(client, code, code.index("\n")) == (["app=details"], "app=d")
    code = "%%wasm_filter hello\nvoid f() { addResponseH"
    assert matches(client, code) == (["addResponseHeader"], "addResponseH")
    reply = client.inspect("%wasm_deploy", 12, reply=True, timeout=30)
    assert "--selector" in reply["content"]["data"]["text/plain"]


def interrupted(manager, client, cell, ready):
    """Run a cell, interrupt it once ``ready`` says so, and give the error it ends with."""
    ended = threading.Event()
    replies = []

    def run():
        replies.append(client.execute_interactive(cell, timeout=120, output_hook=lambda _: None))
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    kernel = psutil.Process(manager.provisioner.pid)
    while not ready(kernel) and not ended.wait(0.005):
        pass
    manager.interrupt_kernel()
    thread.join(60)
    return replies[0]["content"]


def compilers(kernel):
    return [child for child in kernel.children(recursive=True) if "zig" in child.name()]


def test_an_interrupt_ends_the_compiler_and_says_so(start_kernel):
    manager, client = start_kernel()
    slow = "\n".join(
        f"template <int N> struct S{n} {{ enum {{ v = S{n}<N - 1>::v + N }}; }};\n"
        f"template <> struct S{n}<0> {{ enum {{ v = 0 }}; }};\nint v{n} = S{n}<900>::v;"
        for n in range(300)
    )
    content = interrupted(manager, client, f"%%wasm_filter hello\n{FILTER}\n{slow}", compilers)
    assert content["ename"] == "Interrupted", content
    assert "the filter 'hello' has no module now" in content["evalue"]
    assert compilers(psutil.Process(manager.provisioner.pid)) == []
    reply = client.execute_interactive("1 + 1", timeout=30, output_hook=lambda _: None)
    assert reply["content"]["status"] == "ok"


def test_an_interrupt_of_a_wait_says_what_is_in_force(start_kernel, tmp_path):
    mark = tmp_path / "applied"
    slow = f"mesh = s.default().current; mesh.slow = 60; mesh.mark = {str(mark)!r}"
    manager, client = start_kernel(FAKE, f"%%wasm_filter hello\n{FILTER}", slow)
    content = interrupted(manager, client, "%wasm_deploy hello --selector app=details", lambda _: mark.exists())
    assert content["ename"] == "Interrupted", content
    assert "'hello' is in force" in content["evalue"]
    assert "not proven live" in content["evalue"]


def test_a_user_is_asked_about_a_step_without_counts(start_kernel):
    _, client = start_kernel(STEPS)
    asked, shown, displays, buttons = [], [], {}, []

    def answer(message):
        asked.append(message["content"]["prompt"])
        client.input("perhaps" if len(asked) == 1 else "yes")

    def look(message):
        content = message["content"]
        if message["msg_type"] == "execute_result":
            shown.append(content["data"]["text/plain"])
        elif message["msg_type"] in ("display_data", "update_display_data"):
            displays.setdefault(content["transient"]["display_id"], []).append(content["data"]["text/plain"])
        elif message["msg_type"] == "comm_open":
            buttons.append(content["data"]["state"].get("answers"))

    cell = "%wasm_deploy $module --selector app=shop --steps version=v1,version=v2 --watch-for 0.1"
    reply = client.execute_interactive(cell, timeout=60, allow_stdin=True, stdin_hook=answer, output_hook=look)
    assert reply["content"]["status"] == "ok", reply["content"]
    assert len(asked) == 2, "an answer that is neither yes nor no is asked for again"
    (question,) = [texts for texts in displays.values() if "cannot be judged" in texts[0]]
    assert "The error rate of version=v1 cannot be judged: shop-v1: the cluster forbids exec" in question[0]
    assert "Otherwise every pod goes back." in question[0]
    assert [["y", "Go on"], ["n", "Go back on every pod"]] in buttons
    assert all(texts[-1] == "" for texts in displays.values()), "nothing of the question is left"
    assert "you chose to go on" in shown[0]
