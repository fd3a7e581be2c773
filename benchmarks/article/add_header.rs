// Adds headers to every response: one from the plugin's configuration, one from the code.
//
// Configuration, a JSON object:  {"name": "hello", "value": "world"}
//
// A filter has two contexts. The root context lives as long as the plugin and reads the configuration; an HTTP context
// lives as long as one request. The start-up code, proxy_wasm::main!, may be left out where it is this simple.
//
// deps: serde_json = { version = "1", default-features = false, features = ["alloc"] }
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use serde_json::Value;

#[derive(Default)]
struct AddHeaderRoot {
    name: String,
    value: String,
}

impl Context for AddHeaderRoot {}

impl RootContext for AddHeaderRoot {
    // Returning false refuses the configuration: the proxy keeps what it had, and its log has the reason.
    fn on_configure(&mut self, _size: usize) -> bool {
        let given = self.get_plugin_configuration().unwrap_or_else(|| b"{}".to_vec());
        let json: Value = match serde_json::from_slice(&given) {
            Ok(json) => json,
            Err(problem) => {
                log::error!("the configuration is no JSON: {problem}");
                return false;
            }
        };
        // A member that is missing, or is no string, gives the text in brackets.
        self.name = json["name"].as_str().unwrap_or("x-filter").to_string();
        self.value = json["value"].as_str().unwrap_or("on").to_string();
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(AddHeader { name: self.name.clone(), value: self.value.clone() }))
    }
}

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
