from __future__ import annotations

import pytest

from tests.module.builder import good
from tests.worded import in_cell
from wasmnb.errors import ModuleError
from wasmnb.module import Module
from wasmnb.module.check import check
from wasmnb.module.stamp import stamp


def module(*root_ids: str) -> Module:
    return Module("header-filter", stamp(bytes(good()), language="cpp", root_ids=root_ids))


def test_the_only_root_id_is_the_default() -> None:
    assert check(module("header-filter")) == "header-filter"
    assert check(module("")) == ""
    assert check(module("a"), "a") == "a"


def test_a_wrong_root_id_is_no_silent_no_op() -> None:
    with pytest.raises(ModuleError) as caught:
        check(module("header_filter", "other"), "header-filter")
    text = str(caught.value)
    assert "'header-filter'" in text
    assert "it registers 'header_filter', 'other'" in text
    assert "did you mean 'header_filter'?" in text


def test_a_given_root_id_may_be_empty_only_where_it_is_registered() -> None:
    assert check(module("", "a"), "") == ""
    with pytest.raises(ModuleError, match="registers no root id ''"):
        check(module("a"), "")


def test_several_root_ids_want_a_choice() -> None:
    with pytest.raises(ModuleError, match="registers 2 root ids, and none was chosen") as caught:
        check(module("a", "b"))
    assert in_cell(caught.value).hint == "choose one with --root-id a"
    assert check(module("a", "b"), "a") == "a"


def test_no_root_context() -> None:
    for root_id in (None, "a"):
        with pytest.raises(ModuleError, match="registers no root"):
            check(module(), root_id)
    with pytest.raises(ModuleError) as caught:
        check(module())
    # What it says to write, and the compiler then finds: tests/cpp.
    assert caught.value.hint.startswith("register one at the end: static RegisterContextFactory register_Filter(")


def test_unknown_root_ids_are_taken_as_given() -> None:
    plain = Module("m", bytes(good()))
    assert check(plain) == ""
    assert check(plain, "x") == "x"


def test_the_first_problem_and_how_many_more() -> None:
    bad = Module("m", bytes(good("0_9_9").without("malloc").but(imports=(("env", "abort", "iiii:"),))))
    with pytest.raises(ModuleError) as caught:
        check(bad)
    text = str(caught.value)
    assert text.startswith("Module 'm': The module speaks Proxy-Wasm ABI 0.9.9")
    assert "and 2 more problems" in text
    with pytest.raises(ModuleError, match="Module 'n': This is not a WebAssembly module: it is empty"):
        check(Module("n", b""))
