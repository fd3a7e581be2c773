"""What a Rust cell becomes, and what one that does not build gets: its own line, and a way out."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.rust.conftest import BODY_LINE, USE, cell
from tests.worded import in_cell
from wasmnb.compile import Filter
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.languages import toolchain
from wasmnb.compile.rust import crates, instances, problems, tools
from wasmnb.compile.rust.source import Dependency, Source
from wasmnb.errors import CompileError, LinkError, ToolchainError, UsageError
from wasmnb.module.check import check

BUSY = cell("const BUSY: u64 = { let mut i = 0u64; while i < 4_000_000_000_000 { i += 1; } i }; let _ = BUSY;")
BUSY = "#![allow(long_running_const_eval)]\n" + BUSY


class Explained:
    """A progress that remembers."""

    def __init__(self):
        self.stages: list[str] = []

    def update(self, stage, done=None, total=None):
        self.stages.append(stage)


def refused(build, source, error=CompileError, *flags, **options):
    with pytest.raises(error) as caught:
        build(source, *flags, **options)
    return caught.value


def test_a_module_says_what_it_is_and_takes_any_root_id(build):
    module = build(cell())
    facts = module.facts
    assert (facts.abi, facts.language, facts.root_ids, facts.problems) == ("0.2.1", "rust", None, ())
    assert "_initialize" in [item.name for item in facts.exports]
    assert (check(module), check(module, "mine")) == ("", "mine")
    assert module.build.symbols.read_bytes() != module.wasm
    assert b"/" + b"usr/" not in module.wasm.replace(b"/usr/src/rustc", b"")
    assert b".cargo" not in module.wasm
    assert b"wasmnb-build-" not in module.wasm


def test_an_unchanged_cell_is_not_compiled(build, started):
    told = Explained()
    first = build(cell("let _ = 1;"))
    started.clear()
    again = build(cell("let _ = 1;"), progress=told)
    assert (first.build.cached, again.build.cached, again.wasm) == (False, True, first.wasm)
    assert started == []
    assert told.stages == []


def test_the_same_source_gives_the_same_bytes_and_a_change_one_call_of_the_compiler(build, started):
    first = build(cell("let _ = 2;"))
    started.clear()
    again = build(cell("let _ = 2;"), force=True)
    assert [command[1] for command in started] == ["cell.rs"]
    assert (again.build.cached, again.wasm) == (False, first.wasm)
    assert build(cell('self.add_http_response_header("x-cell", "2");')).wasm != first.wasm


def test_another_cache_and_no_c_compiler_give_the_same_bytes(build, tmp_path, monkeypatch):
    first = build(cell())
    told = Explained()
    with monkeypatch.context() as patch:
        patch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
        # zig then links what runs during the build.
        patch.setenv("PATH", str(tmp_path))
        again = Filter("other", cell(), "rust").build(progress=told)
    assert (again.build.cached, again.wasm) == (False, first.wasm)
    assert "compiling the Rust crates, once for this set of crates" in told.stages


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setenv("CARGO_HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("CARGO_NET_RETRY", "0")


def test_what_is_cached_needs_no_network(build, tmp_path, no_network, monkeypatch):
    assert not build(cell("let _ = 3;")).build.cached
    # Neither does a new choice of versions, when cargo has the crates.
    locked = crates.lock(tools.find(), ())
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    assert crates.lock(tools.find(), ()) == locked


def test_without_a_network_the_error_says_so(build, tmp_path, no_network, monkeypatch):
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    error = refused(build, '// deps: equivalent = "1.0.0"\n' + cell(), ToolchainError)
    assert "cannot be fetched" in error.what
    assert "network" in error.hint


def test_an_interrupt_of_cargo_ends_what_it_started(installed, tmp_path, monkeypatch):
    cache, scratch = tmp_path / "cache", tmp_path / "scratch"
    scratch.mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        patch.setenv("WASMNB_CACHE_DIR", str(cache))
        patch.setenv("WASMNB_RUST", installed)
        process = _start(cell())
    try:
        running = _wait_for(process, "--message-format=json")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert "KeyboardInterrupt" in messages
    assert not [one for one in running if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert list(scratch.iterdir()) == []
    assert [path.suffix for path in (cache / "rust-crates").iterdir()] == [".lock"]


@pytest.mark.parametrize("first_line", [1, 2, 5])
def test_an_error_is_shown_at_its_line_and_column_with_the_compilers_advice(build, first_line):
    error = refused(build, cell('self.add_http_response_hedder("你好", "b");'), first_line=first_line)
    assert (error.where.text, error.where.line, error.where.column) == ("cell", BODY_LINE + first_line - 1, 14)
    assert error.where.quote == '        self.add_http_response_hedder("你好", "b");'
    assert "add_http_response_header" in error.hint
    assert error.diagnostics[0].to_dict()["severity"] == "error"


def test_every_error_is_told_and_the_column_counts_characters(build):
    error = refused(build, cell('let _ = ("你好", oops); let _: u32 = "";'))
    assert error.where.column == 24
    assert [item.line for item in error.diagnostics] == [BODY_LINE, BODY_LINE]
    assert "expected `u32`" in str(error)


def test_a_mistake_in_a_macros_argument_is_in_the_cell(build):
    source = f"{USE}proxy_wasm::main! {{{{\n    oops();\n}}}}\n"
    assert refused(build, source).where.line == 4


def test_warnings_are_kept(build):
    for _ in range(2):
        module = build(cell("let unused = 4;"))
        assert [(item.line, item.severity) for item in module.build.warnings] == [(BODY_LINE, "warning")]
    assert build(cell("let unused = 4;"), "-A", "unused").build.warnings == ()


def test_a_function_that_no_proxy_has_is_a_link_error_at_its_call(build):
    source = 'extern "C" { fn proxy_nonsense(a: i32); }\n' + cell("unsafe { proxy_nonsense(3) };")
    error = refused(build, source, LinkError)
    assert (error.where.line, error.where.column) == (BODY_LINE + 1, 18)
    assert "proxy_nonsense" in error.what


def test_a_function_that_the_sdk_has_already_is_a_link_error_at_its_line(build):
    source = cell() + '#[no_mangle]\npub extern "C" fn proxy_on_log(_: u32) {}\n'
    error = refused(build, source, LinkError)
    assert error.where.line == source[: source.index("proxy_on_log")].count("\n") + 1
    assert "in another crate as well" in error.what


def test_a_damaged_part_of_the_cache_is_made_again(build):
    build(cell())
    found = tools.find()
    entry = crates.compiled(found, (), crates.lock(found, ())).entry
    library = entry.path(entry.notes["externs"]["log"])
    kept = library.read_bytes()
    library.write_bytes(kept[:-1] + b"?")
    assert not build(cell("let _ = 5;")).build.cached
    assert library.read_bytes() == kept


def test_a_crate_that_is_not_asked_for(build):
    error = refused(build, "use regex::Regex;\n" + cell())
    assert error.where.line == 1
    assert '// deps: regex = "1"' in error.hint


def test_names_of_the_sdk_without_its_use_lines(build):
    error = refused(build, cell().replace(USE, "\n\n"))
    assert "use proxy_wasm::traits::*" in error.hint


def test_a_crate_that_does_not_exist_is_shown_where_it_is_asked_for(build):
    top = '// A filter.\n// deps: log = "0.4", wasmnb-has-no-such-crate = "1"\n'
    error = refused(build, top + cell(), first_line=2)
    assert (error.where.line, error.where.column) == (3, 23)
    assert "wasmnb-has-no-such-crate" in error.what
    assert "wasmnb-build-" not in str(error)


def test_a_version_that_does_not_exist(build):
    error = refused(build, '// deps: equivalent = "999"\n' + cell())
    assert (error.where.line, error.what) == (1, "There is no version of the crate 'equivalent' that fits.")


def test_a_crate_is_asked_for_by_a_comment(build, started):
    top = '// deps: equivalent = "1"\nuse equivalent::Equivalent;\n'
    source = top + cell('let _ = "a".equivalent(&"a".to_string());')
    build(source)
    started.clear()
    build(source + "// changed\n")
    assert len(started) == 1


def test_generic_code_of_a_crate_is_compiled_once_beside_it(build, started, monkeypatch):
    top = '// deps: serde_json = { version = "1", default-features = false, features = ["alloc"] }\n'
    source = top + cell('let _ = serde_json::from_str::<serde_json::Value>("{}").unwrap();')
    shared = build(source)
    assert [word for word in started[-1] if word.startswith(f"--extern={instances.CRATE}=")]
    # A version of the crate that does not have what is used.
    monkeypatch.setitem(instances._USED, "serde_json", "use serde_json::NoSuchName;")
    own = build(source)
    assert not [word for word in started[-1] if word.startswith(f"--extern={instances.CRATE}=")]
    assert [item.name for item in own.facts.exports] == [item.name for item in shared.facts.exports]


@pytest.mark.parametrize(
    ("line", "column", "why"),
    [
        ("// deps: serde", 10, "does not say which crate"),
        ('// deps: log = "0.4", serde 1', 23, "does not say which crate"),
        ('// deps: mine = { path = "../mine" }', 10, "cannot come from a folder"),
    ],
)
def test_a_line_of_crates_that_cannot_be_read(build, line, column, why):
    error = refused(build, f"{line}\n{cell()}", UsageError)
    assert (error.where.line, error.where.column) == (1, column)
    assert why in error.what


@pytest.mark.parametrize(
    ("source", "what", "line"),
    [
        (USE + "struct Nothing;\n", "no context", 0),
        (cell().replace("struct Http;", "struct Http { n: u32 }"), "how a new 'Http' is made", 4),
        (cell() + "struct B;\nimpl Context for B {}\nimpl HttpContext for B {}\n", "2 HTTP contexts", 14),
    ],
)
def test_a_cell_without_main_that_cannot_be_started(build, source, what, line):
    error = refused(build, source)
    assert what in error.what
    assert error.where.line == line


def test_what_starts_a_cell_is_as_its_hints_have_it(build):
    source = cell().replace("struct Http;", "struct Http { n: u32 }")
    derive, _, end = refused(build, source).hint.partition(" above it, or end the cell with: ")
    assert (derive, end) == (
        "put #[derive(Default)]",
        "proxy_wasm::main! {{ proxy_wasm::set_http_context(|_, _| Box::new(Http { /* its fields */ })); }}",
    )
    assert build(f"{source}{end.replace('/* its fields */', 'n: 1')}\n").size
    assert "Http::default()" in Source(source.replace("struct", "#[derive(Default)] struct")).complete()
    error = refused(build, f"{USE}// none\n")
    words = "implement one for a struct of yours: "
    assert error.hint.startswith(words)
    assert Source(f"{USE}{error.hint.removeprefix(words)}\n").complete()


def test_no_source_and_flags_that_are_not_allowed(build):
    error = refused(build, "// nothing\n/* /* */ */", UsageError)
    assert "no source" in error.what
    assert in_cell(error).hint == "write the filter's Rust below the %%wasm_filter line"
    error = refused(build, cell(), UsageError, "--target=x86_64-unknown-linux-gnu")
    assert "WebAssembly" in error.why[0]
    assert build(cell(), "-O0", "--edition", "2018", "--cfg", "mine").size > build(cell()).size


def test_an_interrupt_kills_the_compiler_and_leaves_no_file(cache, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        process = _start(BUSY)
    try:
        running = _wait_for(process, "cell.rs")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert "KeyboardInterrupt" in messages
    assert not [one for one in running if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert list(tmp_path.iterdir()) == []


def _start(source):
    code = "import sys; from wasmnb.compile import Filter; Filter('busy', sys.argv[1], 'rust').build()"
    return subprocess.Popen([sys.executable, "-c", code, source], stderr=subprocess.PIPE, text=True)


def _wait_for(process, word):
    """Wait until a build has started a program with this word on its line; give all that it has started."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        children = psutil.Process(process.pid).children(recursive=True)
        for child in children:
            with contextlib.suppress(psutil.Error):
                if word in child.cmdline():
                    return children
        time.sleep(0.01)
    pytest.fail(f"{word} was not started: {process.communicate()[1]}")


def test_doctor_says_what_is_found(cache):
    found = {one.name: one for one in toolchain("rust").doctor()}
    assert set(found) == {"Rust compiler", "Rust cargo", "Rust linker", "Rust crates"}
    assert all(one.ok for one in found.values()), found
    assert tools.TARGET in found["Rust compiler"].detail
    assert "compiled" in found["Rust crates"].detail


def test_a_compiler_without_the_library_is_named_with_the_command_that_adds_it(tmp_path, monkeypatch):
    rustc = tmp_path / "bin" / "rustc"
    rustc.parent.mkdir()
    rustc.write_text(f'#!/bin/sh\n[ "$1" = -vV ] && echo "rustc 1.90.0 (x)" || echo "{tmp_path}"\n')
    rustc.chmod(0o755)
    monkeypatch.setenv("WASMNB_RUST", str(tmp_path))
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(ToolchainError) as caught:
        tools.find()
    assert "no standard library for wasm32-wasip1" in caught.value.what
    assert "rustc 1.90.0" in caught.value.why[0]
    (only,) = toolchain("rust").doctor()
    assert (only.ok, only.hint) == (False, caught.value.hint)


def test_without_any_rust_the_error_says_how_to_get_one(tmp_path, monkeypatch):
    for name in ("PATH", "CARGO_HOME", "RUSTUP_HOME", "WASMNB_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("WASMNB_RUST", raising=False)
    with pytest.raises(ToolchainError, match="no Rust compiler") as caught:
        tools.find()
    assert "rustup target add wasm32-wasip1" in caught.value.hint
    # A rustup without a toolchain has none to add a target to.
    for name in ("rustup", "rustc"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'error: no default toolchain' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ToolchainError, match="no Rust compiler") as caught:
        tools.find()
    assert caught.value.hint == "rustup default stable && rustup target add wasm32-wasip1"
    monkeypatch.setenv("WASMNB_RUST", str(tmp_path / "nowhere"))
    with pytest.raises(ToolchainError, match="WASMNB_RUST"):
        tools.find()


def test_the_versions_of_the_sdk_are_those_that_are_named(cache):
    text = crates.lock(tools.find(), ())
    for one in crates.SDK:
        assert f'name = "{one.name}"\nversion = {one.value.replace("=", "")}' in text


@pytest.mark.parametrize(
    ("symbol", "hint"), [("malloc", "cargo update -p proxy-wasm"), ("own", "give it another name in one of them")]
)
def test_a_project_whose_crates_define_a_name_twice(symbol, hint):
    said = (
        f"wasm-ld: error: duplicate symbol: {symbol}\n"
        ">>> defined in /x/deps/libproxy_wasm-b8666b8e5d23bb03.rlib(proxy_wasm.o)\n"
        ">>> defined in /y/self-contained/libc.a(dlmalloc.o)"
    )
    found = Diagnostic("error", "linking with `x` failed: exit status: 1", notes=(Diagnostic("note", said),))
    error = problems.project_unlinked([found])
    assert error.what == f"The project compiles, but {symbol!r} is defined in two of its crates."
    assert error.why == ("in libproxy_wasm", "in libc")
    assert hint in error.hint
    assert problems.project_unlinked([Diagnostic("error", "mismatched types")]) is None


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("error[E0658]: `let` expressions in this position are unstable", "written for a newer Rust: rustup update"),
        ("error[E0432]: unresolved import `std::os::unix`", "there are no threads, sockets or C libraries here"),
    ],
)
def test_a_crate_that_does_not_compile_is_told_by_what_its_compiler_says(said, way):
    message = {"reason": "compiler-message", "message": {"level": "error", "rendered": said}}
    text = json.dumps(message, separators=(",", ":")) + "\nerror: could not compile `markup` (lib) due to 1 error\n"
    error = problems.cargo_error(text, [Dependency("markup", '"2"', 1, 10, '// deps: markup = "2"')])
    assert "'markup' does not compile for a proxy's VM" in str(error)
    assert (error.why, way in error.hint, error.where.line) == ((said,), True, 1)
