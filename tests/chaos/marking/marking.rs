use proxy_wasm::traits::*;
use proxy_wasm::types::*;

#[derive(Default)]
struct Root {
    configuration: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.configuration = String::from_utf8(self.get_plugin_configuration().unwrap_or_default()).unwrap();
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream { configuration: self.configuration.clone(), evil: false }))
    }
}

struct Stream {
    configuration: String,
    evil: bool,
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        self.evil = path.contains('!');
        if path.contains('^') {
            self.send_http_response(403, vec![], None);
            return Action::Pause;
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        if self.evil {
            panic!("as it was told to");
        }
        self.add_http_response_header("x-tag", "rust");
        if !self.configuration.is_empty() {
            self.add_http_response_header("x-config", &self.configuration);
        }
        Action::Continue
    }
}
