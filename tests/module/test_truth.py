"""Modules changed at random: what we refuse, a real Envoy does not load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.module.builder import good, name
from wasmnb.module.facts import read

if TYPE_CHECKING:
    from tests.module.judge import Judge

SEEDS = [
    bytes(
        good()
        .with_functions(_initialize="", proxy_on_request_headers="iii:i")
        .but(
            imports=(("env", "proxy_log", "iii:i"),),
            customs=(("name", b"\x01\x05\x01\0" + name("ab")), ("producers", b"\0")),
        )
    ),
    bytes(good("0_1_0")),
    bytes(good().with_functions(proxy_on_tick="i:", main="ii:i")),
]
EDIT = st.tuples(st.integers(8, 10_000), st.integers(0, 2), st.binary(max_size=1))


# The same cases on every run: a surprise belongs to the one who changes a rule, not to whom it hits by chance.
@given(st.sampled_from(SEEDS), st.lists(EDIT, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_what_we_refuse_envoy_does_not_load(judge: Judge, seed: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    wasm = bytearray(seed)
    for at, cut, put in edits:
        start = 8 + at % (len(seed) - 8)
        wasm[start : start + cut] = put
    problems = read(bytes(wasm)).problems
    # This one is about what happens later: without a memory, the first host call with a pointer crashes.
    if problems and "exports no memory" not in problems[0].what:
        assert judge.ask(bytes(wasm)) != ""
