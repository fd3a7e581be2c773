"""What is AssemblyScript's own, in a real Envoy."""

from __future__ import annotations

from tests.assemblyscript.conftest import as_filter
from tests.conformance.languages import article, obedient
from tests.sdk.harness import Plugin, Proxy
from wasmnb.compile.backtrace import symbolize


def test_a_filter_is_taken_out_and_another_put_in_without_a_trap(upstream, tmp_path):
    module = obedient("assemblyscript").build()
    first = Plugin(module, config="first", name="first")
    with Proxy(tmp_path, upstream, http=[first], swappable=True) as proxy:
        assert proxy.request("/")["hello"] == "first"
        proxy.swap([Plugin(module, config="second", name="second")])
        proxy.wait(lambda: proxy.request("/")["hello"] == "second")
        proxy.swap([])
        proxy.wait(lambda: "hello" not in dict(proxy.request("/").headers))
        assert "abort" not in proxy.log()


def test_an_abort_names_the_cells_line_in_the_log(upstream, tmp_path):
    source = article("assemblyscript").source
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
    source = article("assemblyscript").source
    extra = '    console.log("now " + Date.now().toString() + " " + Math.random().toString());'
    lines = source.split("\n")
    lines.insert(next(index for index, line in enumerate(lines) if "六翁" in line), extra)
    module = as_filter("\n".join(lines)).build()
    assert module.facts.problems == ()
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        assert proxy.request("/").status == 200
        proxy.wait_log("now 1")
