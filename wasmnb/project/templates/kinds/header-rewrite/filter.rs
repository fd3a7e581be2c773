//! Sets and removes headers of requests and responses, as the configuration lists them.
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(HeaderRewriteRoot::default()));
}}

/// What is done to one direction.
#[derive(Default)]
struct Changes {
    removed: Vec<String>,
    set: Vec<(String, String)>,
}

impl Changes {
    /// Reads `name, name` and lines `name: value`; gives nothing for what is none.
    fn read(json: &Value, names: &str, lines: &str) -> Option<Changes> {
        let mut changes = Changes::default();
        for name in json[names].as_str().unwrap_or_default().split_terminator(',') {
            changes.removed.push(is_name(name.trim()).then(|| name.trim().to_owned())?);
        }
        for line in json[lines].as_str().unwrap_or_default().lines() {
            let (name, value) = line.split_once(':').map(|(name, value)| (name, value.trim()))?;
            changes.set.push((is_name(name) && is_value(value)).then(|| (name.to_owned(), value.to_owned()))?);
        }
        Some(changes)
    }
}

/// Headers that say where a message goes and where it ends: the proxy sets them.
const FRAMING: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// Whether a text is the name of a header that may be changed; one that begins with a colon is part of the request line.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
        && !FRAMING.iter().any(|one| one.eq_ignore_ascii_case(text))
}

/// Whether a text may be the value of a header: what ends a line there would begin a header of its own.
fn is_value(text: &str) -> bool {
    text.bytes().all(|c| !c.is_ascii_control() || c == b'\t')
}

#[derive(Default)]
struct HeaderRewriteRoot {
    both: Rc<(Changes, Changes)>,
}

impl Context for HeaderRewriteRoot {}

impl RootContext for HeaderRewriteRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let request = Changes::read(&json, "request-remove", "request-set");
        let response = Changes::read(&json, "response-remove", "response-set");
        match (json.is_object(), request, response) {
            (true, Some(request), Some(response)) => {
                self.both = Rc::new((request, response));
                true
            }
            _ => {
                log::error!("the configuration wants names, and lines of name: value");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(HeaderRewrite { both: self.both.clone() }))
    }
}

struct HeaderRewrite {
    both: Rc<(Changes, Changes)>,
}

impl Context for HeaderRewrite {}

impl HttpContext for HeaderRewrite {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let changes = &self.both.0;
        for name in &changes.removed {
            self.set_http_request_header(name, None);
        }
        for (name, value) in &changes.set {
            // All lines of that name go, not the first alone.
            self.set_http_request_header(name, None);
            self.add_http_request_header(name, value);
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let changes = &self.both.1;
        for name in &changes.removed {
            self.set_http_response_header(name, None);
        }
        for (name, value) in &changes.set {
            self.set_http_response_header(name, None);
            self.add_http_response_header(name, value);
        }
        Action::Continue
    }
}
