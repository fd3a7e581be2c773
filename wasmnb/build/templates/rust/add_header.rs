use proxy_wasm::traits::*;
use proxy_wasm::types::*;

// Adds a response header; its value is the plugin's configuration, or "world" without one.
#[derive(Default)]
struct Root {
    value: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _size: usize) -> bool {
        let given = self.get_plugin_configuration().unwrap_or_default();
        self.value = String::from_utf8(given).unwrap_or_default();
        if self.value.is_empty() {
            self.value = "world".to_string();
        }
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(AddHeader { value: self.value.clone() }))
    }
}

struct AddHeader {
    value: String,
}

impl Context for AddHeader {}

impl HttpContext for AddHeader {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.add_http_response_header("hello", &self.value);
        Action::Continue
    }
}
