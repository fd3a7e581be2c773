// The filter of 01-first-filter.ipynb in Rust; greeter-rust.wasm is made of it.
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| -> Box<dyn HttpContext> { Box::new(Greeter) });
}}

struct Greeter;

impl Context for Greeter {}

impl HttpContext for Greeter {
    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("x-greeting", "hello from Rust");
        Action::Continue
    }
}
