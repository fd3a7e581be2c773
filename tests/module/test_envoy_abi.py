"""The tables of `wasmnb.module.envoy_abi` against a real Envoy: host functions and callbacks, with each ABI version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.module.builder import Wasm, good
from wasmnb.module.envoy_abi import ABIS, callbacks, functions
from wasmnb.module.wasm_types import FuncType

if TYPE_CHECKING:
    from tests.module.judge import Judge

# A type that no function of the host has: Envoy answers with the one that it wants.
ODD = "ffff:d"
ABSENT = ("env.abort", "env.__cxa_throw", "env.proxy_get_nothing", "wasi_snapshot_preview1.sock_open")


def values(text: str) -> tuple[str, ...]:
    return () if text == "void" else tuple(text.split())


def marked(abi: str) -> Wasm:
    return good(abi.replace(".", "_"))


@pytest.mark.parametrize("abi", ABIS)
def test_host_functions(judge: Judge, abi: str) -> None:
    everything = {name for other in ABIS for name in functions(other)}
    found = {}
    for name in sorted(everything | set(ABSENT)):
        module, _, field = name.partition(".")
        answer = judge.ask(bytes(marked(abi).but(imports=((module, field, ODD),))))
        if host := re.search(r"but host exports: (.*) -> (.*)", answer):
            found[name] = FuncType(values(host[1]), values(host[2]))
        else:
            assert f"missing import: {name}" in answer
    assert found == functions(abi)


def test_the_specification_has_39_host_functions_and_45_of_wasi() -> None:
    names = [name for name in functions("0.2.1") if name.startswith("env.proxy_")]
    assert len(names) == 39
    assert sum(name.startswith("wasi_snapshot_preview1.") for name in functions("0.2.1")) == 45


@pytest.mark.parametrize("abi", ABIS)
def test_everything_links_at_once(judge: Judge, abi: str) -> None:
    letters = {"i32": "i", "i64": "l"}
    imports = []
    for name, kind in functions(abi).items():
        module, _, field = name.partition(".")
        signature = "".join(letters[v] for v in kind.params) + ":" + "".join(letters[v] for v in kind.results)
        imports.append((module, field, signature))
    assert judge.ask(bytes(marked(abi).but(imports=tuple(imports)))) == ""


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("reactor", [True, False])
def test_callbacks(judge: Judge, abi: str, reactor: bool) -> None:
    base = marked(abi).with_functions(_initialize="") if reactor else marked(abi)
    names = {name for other in ABIS for flag in (True, False) for name in callbacks(other, reactor=flag)}
    found = {}
    for name in sorted(names):
        without = base.without("malloc") if name == "proxy_on_memory_allocate" else base
        if name == "_initialize" and not reactor:
            continue
        answer = judge.ask(bytes(without.with_functions(**{name: ODD})))
        if wanted := re.search(r"Bad function signature for: (\w+), want: (.*) -> (.*), but", answer):
            assert wanted[1] == name
            found[name] = FuncType(values(wanted[2]), values(wanted[3]))
        else:
            assert answer == ""
    assert found == callbacks(abi, reactor=reactor)
