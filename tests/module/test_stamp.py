from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.module.builder import custom, good, name
from wasmnb.errors import ModuleError
from wasmnb.module.facts import read
from wasmnb.module.parse import parse
from wasmnb.module.stamp import stamp, strip

if TYPE_CHECKING:
    from tests.module.judge import Judge

PLAIN = bytes(good())


def test_the_note_is_what_the_documentation_says() -> None:
    wasm = stamp(PLAIN, language="cpp", root_ids=["header-filter"])
    content = b'{"language":"cpp","root_ids":["header-filter"],"version":1}'
    assert wasm == PLAIN + custom("wasmnb", content)


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_note_comes_back(language: str, root_ids: list[str]) -> None:
    wasm = stamp(PLAIN, language=language, root_ids=root_ids)
    assert read(wasm).root_ids == tuple(root_ids)
    assert read(wasm).language == (language or None)
    assert stamp(wasm, language=language, root_ids=root_ids) == wasm


def test_a_second_note_takes_the_place_of_the_first() -> None:
    once = stamp(PLAIN, language="cpp", root_ids=["a"])
    twice = stamp(once + custom("x", b""), language="rust", root_ids=[])
    assert read(twice).root_ids == ()
    assert [item.name for item in parse(twice).customs] == ["x", "wasmnb"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"root_ids":"a"}',
        b'{"root_ids":[1]}',
        b'{"language":"\\ud800","root_ids":["\\ud800"]}',
        b"[" * 60_000,
        b'"' + b"x" * 70_000 + b'"',
    ],
)
def test_a_note_that_is_none_of_ours_tells_nothing(content: bytes) -> None:
    facts = read(PLAIN + custom("wasmnb", content))
    assert facts.root_ids is None
    assert facts.language is None
    assert facts.problems == ()


def test_strip_takes_what_need_not_be_shipped_and_moves_no_code() -> None:
    front = custom("name", b"")
    shed = [
        custom(title, b"abc") for title in ("producers", "target_features", ".debug_info", ".debug_line", "linking")
    ]
    wasm = PLAIN[:8] + front + PLAIN[8:] + b"".join(shed) + custom("kept", b"k") + custom("reloc.CODE", b"")
    noted = stamp(wasm, language="cpp", root_ids=["a"])
    small = strip(noted)
    assert [item.name for item in parse(small).customs] == ["name", "kept", "wasmnb"]
    assert parse(small).bodies == parse(noted).bodies
    assert small[: parse(small).customs[1].offset] == PLAIN[:8] + front + PLAIN[8:]
    assert strip(small) == small
    assert strip(PLAIN) == PLAIN


def test_envoy_loads_stamped_and_stripped_modules(judge: Judge) -> None:
    names = ("name", b"\x01\x07" + b"\x01\0" + name("abi_"))
    wasm = stamp(bytes(good().but(customs=(names,))), language="cpp", root_ids=["a", "\u4f60\u597d"])
    assert judge.ask(wasm) == ""
    assert judge.ask(strip(wasm)) == ""


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(ModuleError):
        stamp(b"text", language="cpp", root_ids=[])
    with pytest.raises(ModuleError):
        strip(PLAIN[:-1])
