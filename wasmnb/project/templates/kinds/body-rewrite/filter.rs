//! Replaces a text in the bodies of responses, also where it begins in one chunk and ends in another.
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(BodyRewriteRoot::default()));
}}

#[derive(Default)]
struct Settings {
    find: String,
    replace: String,
}

#[derive(Default)]
struct BodyRewriteRoot {
    settings: Rc<Settings>,
}

impl Context for BodyRewriteRoot {}

impl RootContext for BodyRewriteRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        self.settings = Rc::new(Settings { find: word("find"), replace: word("replace") });
        if self.settings.find.is_empty() {
            log::error!("the configuration does not say what to find");
            return false;
        }
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(BodyRewrite { settings: self.settings.clone(), plain: false }))
    }
}

struct BodyRewrite {
    settings: Rc<Settings>,
    plain: bool,
}

impl Context for BodyRewrite {}

impl HttpContext for BodyRewrite {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        // A client that takes compressed bodies would get round the filter.
        self.remove_http_request_header("accept-encoding");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        // What is compressed has no text to be found.
        self.plain = self.get_http_response_header_bytes("content-encoding").is_none();
        if self.plain {
            // The length is another one afterwards.
            self.remove_http_response_header("content-length");
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !self.plain {
            return Action::Continue;
        }
        if !end_of_stream {
            return Action::Pause;
        }
        let body = self.get_http_response_body(0, size).unwrap_or_default();
        let changed = replaced(&body, self.settings.find.as_bytes(), self.settings.replace.as_bytes());
        self.set_http_response_body(0, size, &changed);
        Action::Continue
    }
}

/// A body need not be UTF-8, so bytes are replaced, and not text.
fn replaced(body: &[u8], find: &[u8], replace: &[u8]) -> Vec<u8> {
    let mut made = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(first) = rest.first() {
        if let Some(behind) = rest.strip_prefix(find) {
            made.extend_from_slice(replace);
            rest = behind;
        } else {
            made.push(*first);
            rest = &rest[1..];
        }
    }
    made
}
