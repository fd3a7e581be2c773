"""A Go filter in a real Envoy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.go import behaviours
from tests.go.conftest import TEMPLATE, go_filter
from tests.sdk.harness import Plugin, Proxy
from wasmnb.module.check import check

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("behaves", behaviours.ALL, ids=lambda behaves: behaves.__name__)
def test_a_go_filter_does(behaves: Callable[[Proxy], None], proxy: Proxy) -> None:
    behaves(proxy)


def test_the_module_says_what_it_is_and_takes_any_root_id(obedient):
    facts = obedient.facts
    assert (facts.language, facts.abi, facts.root_ids, facts.problems) == ("go", "0.2.0", None, ())
    assert check(obedient) == ""
    assert check(obedient, "anything") == "anything"


def test_the_template_adds_the_headers_of_its_configuration(upstream, patient, tmp_path):
    module = go_filter(TEMPLATE.read_text(encoding="utf-8")).build()
    assert module.build.warnings == ()
    plugin = Plugin(module, config='{"name": "hello", "value" : "w\\u00f6r\\"ld"}')
    with Proxy(tmp_path, upstream, http=[plugin]) as proxy:
        reply = proxy.request("/")
        assert (reply["hello"], reply["你好"]) == ('wör"ld', "六翁")
