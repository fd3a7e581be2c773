//! Adds headers to every response: one from the configuration, one from the code.
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AddHeaderRoot::default()));
}}

/// Lives as long as the plugin.
#[derive(Default)]
struct AddHeaderRoot {
    name: String,
    value: String,
}

impl Context for AddHeaderRoot {}

impl RootContext for AddHeaderRoot {
    // False refuses the configuration: the proxy keeps what it had, and its log has the reason.
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_else(|| b"{}".to_vec());
        let json: Value = match serde_json::from_slice(&text) {
            Ok(json) => json,
            Err(error) => {
                log::error!("the configuration is not valid JSON: {error}");
                return false;
            }
        };
        self.name = json["name"].as_str().unwrap_or("hello").to_owned();
        self.value = json["value"].as_str().unwrap_or("world").to_owned();
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(AddHeader { name: self.name.clone(), value: self.value.clone() }))
    }
}

/// Lives as long as one request.
struct AddHeader {
    name: String,
    value: String,
}

impl Context for AddHeader {}

impl HttpContext for AddHeader {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header(&self.name, &self.value);
        self.add_http_response_header("你好", "六翁");
        Action::Continue
    }
}
