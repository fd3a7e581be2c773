"""Rust projects as people have them: features, crates and starts that are forgotten, programs, modules in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.project.test_hints_followed import refused
from tests.project.test_in_place import CARGO, crate, write
from wasmnb import Filter
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.rust.project import _feature
from wasmnb.compile.rust.source import Source, never_started, untyped
from wasmnb.errors import CompileError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

SETS = "proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(H) });"
ROOT = "impl RootContext for R {{\n    fn create_{kind}_context(&self, _: u32) -> Option<X> {{ None }}\n{more}}}\n"


@pytest.fixture(autouse=True)
def _tools(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_RUST", installed)


def test_a_name_without_a_path_behind_a_feature(tmp_path: Path) -> None:
    source = '#[cfg(feature = "more")]\n#[inline]\npub(crate) fn value() -> u8 { 1 }\n'
    source += 'struct V;\n#[no_mangle]\npub extern "C" fn used() -> u8 { value() }\n'
    folder = crate(tmp_path / "mine", source, "\n[features]\nmore = []\n")
    assert refused(folder, CompileError).hint == "--flag --features=more turns that feature on"
    assert Filter.from_folder(folder, flags=("--features=more",)).build().wasm


def test_a_feature_that_is_on_is_not_to_be_turned_on(tmp_path: Path) -> None:
    source = 'pub mod inner {\n#[cfg(feature = "more")]\npub fn value() -> u8 { 1 }\n}\n'
    source += '#[no_mangle]\npub extern "C" fn used() -> u8 { value() }\n'
    folder = crate(tmp_path / "mine", source, '\n[features]\ndefault = ["more"]\nmore = []\n')
    assert refused(folder, CompileError).hint == "consider importing this function: `use crate::inner::value;`"


def test_what_is_behind_no_feature_is_not_put_down_to_one() -> None:
    missing = Diagnostic("error", "cannot find function `value` in this scope [E0425]")
    assert not _feature([missing], {"src/lib.rs": '#[cfg(feature = "more")]\nfn other() {}\nfn value_of() {}\n'})
    assert _feature([missing], {"src/lib.rs": '#[cfg(all(feature = "a-b", unix))]\nstruct value;\n'}) == "a-b"


def test_a_crate_that_nobody_asked_for(tmp_path: Path) -> None:
    folder = crate(tmp_path / "mine", "pub fn used() -> u8 { other::value() }\n")
    hint = "if other is a crate: cargo add other, in its folder, adds it to Cargo.toml"
    assert refused(folder, CompileError).hint == hint
    manifest = CARGO.format(name="mine", more='\n[dependencies]\nother = { path = "other" }\n')
    write(folder, Cargo_dot_toml=manifest, other__src__lib_dot_rs="pub fn value() -> u8 { 1 }\n")
    write(folder, other__Cargo_dot_toml='[package]\nname = "other"\nversion = "0.1.0"\nedition = "2021"\n')
    assert Filter.from_folder(folder).build().wasm


def test_a_help_says_what_it_would_write(tmp_path: Path) -> None:
    folder = crate(tmp_path / "mine", "fn values() -> u8 { 1 }\npub fn used() -> u8 { value() }\n")
    assert refused(folder, CompileError).hint == "a function with a similar name exists: `values`"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (f"#[no_mangle]\npub fn main() {{ {SETS} }}\n", True),
        (f"fn main() {{ {SETS} }}\n", True),
        (f"proxy_wasm::main! {{{{ {SETS} }}}}\n", False),
        (f"#[somebodys::main]\nfn main() {{ {SETS} }}\n", False),
        (f"fn main() {{ begin() }}\nfn begin() {{ {SETS} }}\n#[no_mangle]\npub fn _start() {{ begin() }}\n", False),
        ("fn main() {}\n", False),
    ],
)
def test_a_context_that_is_set_where_no_proxy_calls(start: str, said: bool) -> None:
    assert bool([*never_started({"src/lib.rs": start})(start)]) == said


def test_the_build_warns_of_a_main_that_is_not_run(tmp_path: Path) -> None:
    source = "mod sdk { pub fn set_http_context(_: u8) {} }\n#[no_mangle]\npub fn main() { sdk::set_http_context(1) }\n"
    build = Filter.from_folder(crate(tmp_path / "mine", source), name="mine").build().build
    assert build is not None
    assert ["no proxy calls main()" in item.message for item in build.warnings] == [True]
    # A program is started there.
    folder = crate(tmp_path / "program", source)
    (folder / "src" / "lib.rs").rename(folder / "src" / "main.rs")
    manifest = CARGO.format(name="mine", more="").partition("[lib]")[0]
    write(folder, Cargo_dot_toml=manifest)
    (folder / "src" / "main.rs").write_text(
        (folder / "src" / "main.rs").read_text().replace("#[no_mangle]\npub fn main", "fn main")
    )
    build = Filter.from_folder(folder, name="mine").build().build
    assert build is not None
    assert not build.warnings


@pytest.mark.parametrize(("kind", "context"), [("http", "HttpContext"), ("stream", "StreamContext")])
def test_a_root_context_that_does_not_say_what_it_makes(kind: str, context: str) -> None:
    text = ROOT.format(kind=kind, more="")
    ((offset, message),) = untyped(text)
    assert offset == 0
    assert f"Some(ContextType::{context})" in message
    typed = "    fn get_type(&self) -> Option<ContextType> { None }\n"
    assert not [*untyped(ROOT.format(kind=kind, more=typed))]
    assert not [*untyped("impl RootContext for R {}\nimpl Makes for R { fn create_http_context() {} }\n")]
    assert [item.line for item in Source(f"\n{text}", 1).doubtful()] == [2]


def test_a_module_that_a_source_has_in_it(tmp_path: Path) -> None:
    source = '#[no_mangle]\npub static POLICY: &[u8; 6] = include_bytes!("../policy.wasm");\n'
    folder = crate(tmp_path / "mine", source, policy_dot_wasm=b"policy")
    assert b"policy" in Filter.from_folder(folder, name="mine").build().wasm
