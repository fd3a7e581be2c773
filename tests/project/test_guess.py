"""Which language a source is taken for, and how that is said."""

from __future__ import annotations

import pytest

from tests.worded import in_cell
from wasmnb import Session
from wasmnb.compile.languages import LANGUAGES, guess
from wasmnb.errors import CompileError
from wasmnb.project import TEMPLATES
from wasmnb.wording import Front

OURS = tuple(LANGUAGES.own)
EVERY = [(language, template) for template in TEMPLATES.own for language in TEMPLATES.load(template).languages()]


@pytest.mark.parametrize(("language", "template"), EVERY)
def test_every_template_is_known(language: str, template: str) -> None:
    path = TEMPLATES.load(template).source(language)
    assert path is not None
    source = path.read_text(encoding="utf-8")
    for default in OURS:
        found = guess(source, default)
        assert found.language == language
        assert found.because in " ".join(source.split("\n")[found.line - 1].split())


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("cpp", '#include "proxy_wasm_intrinsics.h"\n'),
        ("cpp", 'extern "C" void proxy_on_log(unsigned) {}\n'),
        ("rust", "use proxy_wasm::traits::*;\nstruct A;\nimpl Context for A {}\n"),
        ("rust", '// deps: serde = "1"\n#[derive(Default)]\nstruct A;\n'),
        ("go", 'import "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"\nfunc init() {}\n'),
        ("assemblyscript", 'import { Context } from "@gcoredev/proxy-wasm-sdk-as/assembly";\n'),
    ],
)
def test_a_few_lines_are_enough(language: str, source: str) -> None:
    for default in OURS:
        assert guess(source, default).language == language


@pytest.mark.parametrize("source", ["", "// use std::string in package main\n", "int f(int x) { return x; }\n"])
def test_what_does_not_tell_is_of_the_default(source: str) -> None:
    found = guess(source, "go")
    assert (found.language, found.because) == ("go", "")
    assert "--lang" in found.words.worded(Front.NOTEBOOK)


@pytest.mark.compiler
def test_a_wrong_guess_is_said_with_the_error() -> None:
    with Session() as session, pytest.raises(CompileError) as caught:
        session.filter("mixed", '#include "proxy_wasm_intrinsics.h"\nthis is no C++\n')
    assert "taken for C++ because of '#include' in line 1; --lang overrides" in in_cell(caught.value).hint


def test_many_signs_leave_no_doubt() -> None:
    sure = "#include <map>\nclass A : public Context {};\nstatic RegisterContextFactory r(CONTEXT_FACTORY(A));\n"
    assert not guess(sure, "go").doubtful
    assert guess(sure + "package main\n", "go").doubtful
    assert guess("#include <map>\n", "go").doubtful


@pytest.mark.compiler
def test_a_language_that_was_said_is_no_guess() -> None:
    source = 'extern "C" void proxy_abi_version_0_2_1() {}\nextern "C" void* malloc(unsigned long);\n'
    with Session() as session:
        with pytest.raises(CompileError) as caught:
            session.filter("said", "nonsense", language="cpp")
        assert "--lang" not in in_cell(caught.value).hint
        assert session.filter("guessed", source).guess is not None
        assert session.filter("guessed", source, language="cpp").guess is None
