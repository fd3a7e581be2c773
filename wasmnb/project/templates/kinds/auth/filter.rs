//! Lets a request pass only when it carries the token that the configuration names.
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AuthRoot { expected: Rc::from("") }));
}}

struct AuthRoot {
    expected: Rc<str>,
}

impl Context for AuthRoot {}

impl RootContext for AuthRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        match json["token"].as_str() {
            Some(token) if !token.is_empty() => {
                self.expected = format!("Bearer {token}").into();
                true
            }
            _ => {
                log::error!("the configuration names no token; without one everybody would pass");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Auth { expected: self.expected.clone() }))
    }
}

struct Auth {
    expected: Rc<str>,
}

impl Context for Auth {}

impl HttpContext for Auth {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let given = self.get_http_request_header_bytes("authorization").unwrap_or_default();
        if same(&given, self.expected.as_bytes()) {
            return Action::Continue;
        }
        self.send_http_response(401, vec![("www-authenticate", "Bearer")], Some(b"a token is wanted\n"));
        Action::Pause
    }
}

/// Takes as long for a wrong token as for a right one, so that nobody finds it letter by letter.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
