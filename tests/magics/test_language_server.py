"""Tab and Shift-Tab in a program, through the messages of a real kernel: a real language server answers."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests.magics.conftest import FILTER, ROOT
from tests.mesh.conftest import until
from wasmnb.compile.go.gopls import build as build_gopls
from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.errors import ToolchainError

pytestmark = pytest.mark.compiler

HEADER = """\
%%wasm_file limits.h
#pragma once
// How many requests may pass.
struct Limits {
  int each_second;
  int burst() const { return each_second * 2; }
};
Limits at_night(int hour);
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
    run(client, "%load_ext wasmnb")
    until(lambda: tab(client, TINY), lambda found: found[1] == {"first": "instance"}, 120.0)
    yield client
    pid = pid_of(client)
    assert pid
    client.stop_channels()
    manager.shutdown_kernel(now=False)
    until(lambda: lives(pid), lambda there: not there)


def run(client, cell):
    said = []

    def hear(message):
        said.append(message["content"].get("data", {}).get("text/plain", ""))

    reply = client.execute_interactive(cell, timeout=60, output_hook=hear)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(said)


def cell(line, magic="%%wasm_filter hello"):
    """Give a cell with a line in its callback, and the place of the cursor in that line, which is at ``|``."""
    text = f"{magic}\n" + FILTER.replace('    addResponseHeader("hello", "world");', f"    {line}")
    at = text.index("|")
    return text.replace("|", "", 1), at


TINY = "%%wasm_filter tiny\nstruct Pair { int first; };\nint read(Pair pair) { return pair."


def tab(client, text, at=None):
    """Press Tab; give what is replaced, and the names that are offered with their kinds."""
    reply = client.complete(text, len(text) if at is None else at, reply=True, timeout=60)["content"]
    kinds = {one["text"]: one["type"] for one in reply["metadata"]["_jupyter_types_experimental"]}
    return text[reply["cursor_start"] : reply["cursor_end"]], kinds


def look(client, text, at):
    return client.inspect(text, at, reply=True, timeout=60)["content"]


def lives(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_of(client):
    return int(run(client, "import wasmnb.session as s; s.default().language_servers._servers['cpp'].pid"))


def test_members_enumerators_and_names_are_offered_with_their_kinds(kernel):
    # On a busy machine an answer may come too late for one Tab; at first it reads the SDK's headers.
    def offered(line, wanted):
        return until(lambda: tab(kernel, *cell(line)), wanted, 120.0)

    _, kinds = offered("root()->|", lambda found: found[1].get("httpCall") == "function")
    assert kinds["onTick"] == "function"
    assert "addResponseHeader" not in kinds, "it is no member"
    offered("std::string s; s.app|", ("app", {"append": "function"}).__eq__)
    both = {"StopAllIterationAndBuffer", "StopAllIterationAndWatermark"}
    offered("return FilterHeadersStatus::StopAll|", lambda found: found[0] == "StopAll" and {*found[1]} == both)
    # Columns count characters here, and units of UTF-16 there.
    offered('logInfo("ひと 🙂"); addResponseH|', ("addResponseH", {"addResponseHeader": "function"}).__eq__)


def test_a_name_and_a_call_are_explained(kernel):
    def told(line, wanted):
        return until(lambda: look(kernel, *cell(line)), lambda found: wanted in str(found["data"]), 120.0)

    found = told('addRequest|Header("a", "b");', "WasmResult")
    declared = "inline WasmResult addRequestHeader(StringView key, StringView value)"
    assert found["found"]
    assert f"```cpp\n{declared}" in found["data"]["text/markdown"]
    assert declared in found["data"]["text/plain"]
    assert "`" not in found["data"]["text/plain"]
    told('addRequestHeader("a", |', "addRequestHeader(StringView key, StringView value) -> WasmResult")
    until(lambda: look(kernel, *cell("|")), lambda found: not found["found"] and not found["data"])
    assert look(kernel, "print(1)", 3)["found"], "Python's own are looked up as before"


GO = """\
%%wasm_filter hello --lang go
import (
\t"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
\t"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func init() { proxywasm.SetHttpContext(func(id uint32) types.HttpContext { return &greeter{} }) }

// greeter says hello.
type greeter struct {
\ttypes.DefaultHttpContext
\tgreeting string
}

func (g *greeter) OnHttpResponseHeaders(n int, end bool) types.Action {
\tg.greeting = "ひと 🙂"; |
\treturn types.ActionContinue
}
"""


@pytest.fixture
def gopls():
    """Gopls is in the user's cache, since to build it takes a minute."""
    try:
        GoToolchain().prepare()
        build_gopls()
    except ToolchainError as error:
        pytest.skip(str(error))


def test_go_is_known_by_gopls(kernel, gopls):
    def at(line):
        text = GO.replace("|", line)
        return text.replace("|", ""), text.index("|")

    def offered(line, wanted):
        return until(lambda: tab(kernel, *at(line)), wanted, 120.0)

    offered("g.|", lambda found: found[1].get("greeting") == "instance" and "OnHttpRequestBody" in found[1])
    wanted = {"AddHttpRequestHeader": "function", "AddHttpRequestTrailer": "function"}
    offered("proxywasm.AddHttpReq|", ("AddHttpReq", wanted).__eq__)

    def told(line, wanted):
        return until(lambda: look(kernel, *at(line)), lambda found: wanted in str(found["data"]), 120.0)

    said = told("_ = &gree|ter{}", "greeter says hello")
    assert said["data"]["text/markdown"].startswith("```go\ntype greeter struct")
    told("proxywasm.AddHttpRequestHeader(|)", "AddHttpRequestHeader(key")


def test_files_and_options_of_the_cell_count(kernel):
    run(kernel, HEADER)
    text = '%%wasm_filter tiny -D NIGHT=3\n#include "limits.h"\nint most() { return at_night(NIGHT).'
    _, kinds = until(lambda: tab(kernel, text), lambda found: "burst" in found[1])
    assert (kinds["burst"], kinds["each_second"]) == ("function", "instance")
    run(kernel, HEADER.replace("burst", "surge"))
    until(lambda: tab(kernel, text), lambda found: "surge" in found[1])
    # The header's own cell, which is not run for that.
    header = HEADER.partition("_second * 2")[0]
    until(lambda: tab(kernel, header), ("each", {"each_second": "instance"}).__eq__)


def test_it_is_started_again_and_given_up_at_last(kernel):
    cpp = "s.default().language_servers._servers['cpp']"
    before = pid_of(kernel)
    os.kill(before, signal.SIGKILL)
    until(lambda: tab(kernel, TINY), lambda found: found[1] == {"first": "instance"})
    assert pid_of(kernel) not in (0, before)
    detail = run(kernel, "s.default().language_servers.checks()[0].detail")
    assert "clangd 22." in detail
    assert "started 2 times" in detail
    run(kernel, f"{cpp}.starts = 99")
    os.kill(pid_of(kernel), signal.SIGKILL)
    text, at = cell('addRequest|Header("a", "b");')
    found = until(lambda: look(kernel, text, at), lambda found: "is not started again" in str(found["data"]))
    assert found["data"]["text/plain"] == "clangd ended 99 times, and is not started again."
    _, kinds = tab(kernel, *cell("addResponseH|"))
    assert kinds["addResponseHeader"] == "text", "words are offered all the same"
    run(kernel, f"{cpp}.starts = 0")
    until(lambda: tab(kernel, TINY), lambda found: found[1] == {"first": "instance"})


def test_it_ends_with_the_extension(kernel):
    until(lambda: tab(kernel, TINY), lambda found: found[1] == {"first": "instance"})
    pid = pid_of(kernel)
    run(kernel, "%unload_ext wasmnb")
    assert not lives(pid)
    assert run(kernel, "'do_inspect' in vars(get_ipython().kernel)") == "False"
    run(kernel, "%load_ext wasmnb")
    until(lambda: tab(kernel, TINY), lambda found: found[1] == {"first": "instance"})
