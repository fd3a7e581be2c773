"""What is Rust's own, on a real Envoy: panics, crates, and cells with and without ``main!``."""

from __future__ import annotations

from tests.conformance.languages import article
from tests.rust.conftest import USE, cell
from tests.sdk.harness import Plugin, Proxy
from wasmnb.compile.backtrace import symbolize

# Two crates: a macro that runs in the compiler, and one with crates of its own behind it.
CRATES = """// deps: serde_json = { version = "1", default-features = false, features = ["alloc"] }
// deps: paste = "1"
use proxy_wasm::traits::*;
use proxy_wasm::types::*;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Http) });
}}

struct Http;

paste::paste! { fn [<greeting_ of>](text: &str) -> String {
    let given: serde_json::Value = serde_json::from_str(text).unwrap();
    given["greeting"].as_str().unwrap_or_default().to_string()
} }

impl Context for Http {}

impl HttpContext for Http {
    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("x-greeting", &greeting_of(r#"{"greeting": "good morning"}"#));
        Action::Continue
    }
}
"""


def test_a_panic_tells_its_line_of_the_cell_and_a_backtrace_its_functions(build, start):
    source = cell('if self.get_http_response_header(":status").is_some() { panic!("asked for"); }')
    source = source.replace(USE, USE + "\n// Further down.\n")
    proxy = start(source)
    assert proxy.request().status == 503
    line = 1 + next(number for number, text in enumerate(source.split("\n")) if "panic!" in text)
    log = proxy.wait_log("Proxy-Wasm plugin in-VM backtrace:")
    assert f"cell.rs:{line}:" in log
    offsets = [
        int(row.split("0x", 1)[1].split(" ", 1)[0], 16)
        for row in log.split("in-VM backtrace:", 1)[1].split("\n")[1:]
        if "0x" in row
    ]
    functions = [frame.function for frame in symbolize(build(source), offsets)]
    assert any("on_http_response_headers" in function for function in functions), functions


def test_crates_that_a_cell_asks_for_run_and_so_does_a_main_of_its_own(start):
    assert start(CRATES).request()["x-greeting"] == "good morning"


def test_a_cell_without_main_runs(start):
    assert start(cell()).request()["x-cell"] == "1"


def test_a_configuration_that_is_no_json_is_refused_with_its_place(build, upstream, tmp_path):
    plugin = Plugin(build(article("rust").source), config="{")
    log = Proxy(tmp_path, upstream, http=[plugin]).refused()
    assert "the configuration is no JSON: EOF while parsing an object at line 1 column 1" in log
