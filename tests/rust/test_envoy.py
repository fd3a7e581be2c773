"""What filters are written for, in Rust, on a real Envoy."""

from __future__ import annotations

from pathlib import Path

import wasmnb.build
from tests.rust.conftest import USE, cell

TEMPLATE = Path(wasmnb.build.__file__).parent / "templates" / "rust" / "add_header.rs"

STREAM = (
    USE
    + """
#[derive(Default)]
struct Stream { chunks: usize }

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_request_header("x-from", "rust");
        self.set_http_request_header("x-gone", None);
        self.set_http_request_header("content-length", None);
        match self.get_http_request_header(":path").as_deref() {
            Some("/closed") => {
                self.send_http_response(401, vec![("www-authenticate", "Bearer")], Some(b"no token"));
                Action::Pause
            }
            Some("/trap") => panic!("asked for"),
            _ => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.chunks += 1;
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_request_body(0, size).unwrap_or_default();
        let text = String::from_utf8_lossy(&body).replace("secret", "******");
        self.set_http_request_body(0, size, text.as_bytes());
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.add_http_request_trailer("x-trailer", "rust");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("hello", "world");
        self.add_http_response_header("你好", "六翁");
        self.set_http_response_header("content-length", None);
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if end_of_stream {
            self.set_http_response_body(size, 0, b"<appended>");
        }
        Action::Continue
    }
}
"""
)

ROOT = """// deps: serde_json = { version = "1", default-features = false, features = ["alloc"] }
// deps: paste = "1"
use log::{debug, error, info, trace, warn};
use proxy_wasm::hostcalls::{define_metric, increment_metric};
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Default)]
struct Config { greeting: String }

// A macro that runs in the compiler.
paste::paste! { fn [<read_ config>](text: &[u8]) -> Result<Config, serde_json::Error> {
    let given: serde_json::Value = serde_json::from_slice(text)?;
    Ok(Config { greeting: given["greeting"].as_str().unwrap_or_default().to_string() })
} }

#[derive(Default)]
struct Root { config: Config, ticks: u64, requests: u32 }

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let given = self.get_plugin_configuration().unwrap_or_default();
        match read_config(&given) {
            Ok(config) => self.config = config,
            Err(problem) => { error!("configuration: {problem}"); return false; }
        }
        self.requests = define_metric(MetricType::Counter, "rust_requests").unwrap();
        self.set_tick_period(Duration::from_millis(20));
        trace!("level trace"); debug!("level debug"); info!("level info"); warn!("level warn"); error!("level error");
        true
    }
    fn on_tick(&mut self) {
        self.ticks += 1;
        if self.ticks == 2 { info!("ticked twice"); }
    }
    fn get_type(&self) -> Option<ContextType> { Some(ContextType::HttpContext) }
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Http { greeting: self.config.greeting.clone(), requests: self.requests }))
    }
}

struct Http { greeting: String, requests: u32 }

impl Context for Http {
    fn on_http_call_response(&mut self, _: u32, headers: usize, size: usize, _: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        let echo = self.get_http_call_response_body(0, size).unwrap_or_default();
        let found = String::from_utf8_lossy(&echo).contains("/inner");
        let text = if headers == 0 { "timeout".to_string() } else { format!("{status} {found}") };
        self.send_http_response(200, vec![("x-call", &text)], None);
    }
}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        increment_metric(self.requests, 1).unwrap();
        let asked = self.get_http_request_header(":path").unwrap_or_default();
        let (path, milliseconds) = match asked.as_str() {
            "/call" => ("/inner", 5000),
            "/late" => ("/slow", 50),
            _ => return Action::Continue,
        };
        let headers = vec![(":method", "GET"), (":path", path), (":authority", "inner")];
        self.dispatch_http_call("http", headers, None, vec![], Duration::from_millis(milliseconds)).unwrap();
        Action::Pause
    }
    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let (value, cas) = self.get_shared_data("count");
        let count = value.map_or(0, |bytes| bytes[0]) + 1;
        self.set_shared_data("count", Some(&[count]), cas).unwrap();
        self.add_http_response_header("x-count", &count.to_string());
        self.add_http_response_header("x-greeting", &self.greeting);
        Action::Continue
    }
}
"""


def test_headers_bodies_trailers_and_a_local_answer(start):
    proxy = start(STREAM)
    reply = proxy.request(method="POST", headers=[("x-gone", "1")], body=[b"my sec", b"ret, kept"])
    assert (reply["hello"], reply["你好"]) == ("world", "六翁")
    assert reply.body.endswith(b"<appended>")
    echo = reply.body.removesuffix(b"<appended>").decode()
    assert '"my ******, kept"' in echo
    assert '["x-from", "rust"]' in echo
    assert "x-gone" not in echo
    trailing = proxy.request(method="POST", body=[b"body"], trailers=[("x-mine", "1")])
    assert b'["x-trailer", "rust"]' in trailing.body
    closed = proxy.request("/closed")
    assert (closed.status, closed["www-authenticate"], closed.body[:8]) == (401, "Bearer", b"no token")


def test_a_panic_tells_its_line_of_the_cell_and_a_backtrace_its_functions(build, start):
    from wasmnb.build.backtrace import symbolize

    proxy = start(STREAM)
    assert proxy.request("/trap").status == 503
    line = STREAM.split("\n").index('            Some("/trap") => panic!("asked for"),') + 1
    log = proxy.wait_log("Proxy-Wasm plugin in-VM backtrace:")
    assert f"cell.rs:{line}:" in log
    offsets = [
        int(row.split("0x", 1)[1].split(" ", 1)[0], 16)
        for row in log.split("in-VM backtrace:", 1)[1].split("\n")[1:]
        if "0x" in row
    ]
    functions = [frame.function for frame in symbolize(build(STREAM), offsets)]
    assert any("on_http_request_headers" in function for function in functions), functions


def test_configuration_metrics_ticks_shared_data_and_log_levels(start):
    proxy = start(ROOT, config='{"greeting": "good morning"}', root_id="any one")
    first, second = proxy.request(), proxy.request()
    assert (first["x-count"], second["x-count"], second["x-greeting"]) == ("1", "2", "good morning")
    proxy.wait(lambda: next(iter(proxy.stats("rust_requests").values()), "") == "2")
    log = proxy.wait_log("ticked twice")
    for level, word in (("trace",) * 2, ("debug",) * 2, ("info",) * 2, ("warning", "warn"), ("error",) * 2):
        assert any(f"[{level}]" in row and f"level {word}" in row for row in log.splitlines()), level


def test_an_http_call_and_its_timeout(start):
    proxy = start(ROOT, config='{"greeting": ""}')
    assert proxy.request("/call")["x-call"] == "200 true"
    # Envoy itself answers a call that takes too long.
    assert proxy.request("/late")["x-call"] == "504 false"


def test_the_template_adds_the_header_it_is_configured_with(start):
    source = TEMPLATE.read_text(encoding="utf-8")
    assert start(source, config="六翁").request()["hello"] == "六翁"


def test_a_cell_without_main_runs(start):
    assert start(cell()).request()["x-cell"] == "1"
