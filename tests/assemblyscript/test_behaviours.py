"""An AssemblyScript filter in a real Envoy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.assemblyscript.conftest import TEMPLATE, as_filter
from tests.go import behaviours
from tests.sdk.harness import Plugin, Proxy
from wasmnb.build.backtrace import symbolize
from wasmnb.module.check import check

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("behaves", behaviours.ALL, ids=lambda behaves: behaves.__name__)
def test_an_assemblyscript_filter_does(behaves: Callable[[Proxy], None], proxy: Proxy) -> None:
    behaves(proxy)


def test_the_module_says_what_it_is_and_takes_any_root_id(obedient):
    facts = obedient.facts
    assert (facts.language, facts.abi, facts.root_ids, facts.problems) == ("assemblyscript", "0.2.1", None, ())
    assert {item.module for item in facts.imports} == {"env"}
    assert check(obedient) == ""
    assert check(obedient, "anything") == "anything"


def test_the_template_adds_the_headers_of_its_configuration(upstream, tmp_path):
    module = as_filter(TEMPLATE.read_text(encoding="utf-8")).build()
    assert module.build.warnings == ()
    plugin = Plugin(module, config='{"name": "hello", "value": "w\\u00f6r\\"ld"}')
    with Proxy(tmp_path, upstream, http=[plugin]) as proxy:
        reply = proxy.request("/")
        assert (reply["hello"], reply["你好"]) == ('wör"ld', "六翁")


def test_a_filter_is_taken_out_and_another_put_in_without_a_trap(upstream, tmp_path, obedient):
    first = Plugin(obedient, config="first", name="first")
    with Proxy(tmp_path, upstream, http=[first], swappable=True) as proxy:
        assert proxy.request("/")["hello"] == "first"
        proxy.swap([Plugin(obedient, config="second", name="second")])
        proxy.wait(lambda: proxy.request("/")["hello"] == "second")
        proxy.swap([])
        proxy.wait(lambda: "hello" not in dict(proxy.request("/").headers))
        assert "abort" not in proxy.log()


def test_an_abort_names_the_cells_line_in_the_log(upstream, tmp_path):
    source = TEMPLATE.read_text(encoding="utf-8")
    lines = source.split("\n")
    number = next(index for index, line in enumerate(lines) if "六翁" in line)
    lines.insert(number, '    throw new Error("on purpose");')
    module = as_filter("\n".join(lines), first_line=5).build()
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        assert proxy.request("/").status == 503
        assert f"on purpose at: cell.ts({number + 5}:" in proxy.wait_log("on purpose")
        log = proxy.wait_log("in-VM backtrace")
    offsets = [int(line.split("0x")[1].split()[0], 16) for line in log.splitlines() if ":  0x" in line]
    names = [frame.function for frame in symbolize(module, offsets)]
    assert any("proxy_on_response_headers" in name for name in names), names


def test_console_date_and_random_do_not_keep_envoy_from_loading(upstream, tmp_path):
    source = TEMPLATE.read_text(encoding="utf-8")
    extra = '    console.log("now " + Date.now().toString() + " " + Math.random().toString());'
    lines = source.split("\n")
    lines.insert(next(index for index, line in enumerate(lines) if "六翁" in line), extra)
    module = as_filter("\n".join(lines)).build()
    assert module.facts.problems == ()
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        assert proxy.request("/").status == 200
        proxy.wait_log("now 1")
