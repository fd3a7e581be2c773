//! Gives each user one of two variants, a or b, always the same, in a header that routes can match.
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(AbRoutingRoot::default()));
}}

#[derive(Default)]
struct Settings {
    user: String,
    variant: String,
    salt: String,
    percent: u64,
}

#[derive(Default)]
struct AbRoutingRoot {
    settings: Rc<Settings>,
}

impl Context for AbRoutingRoot {}

impl RootContext for AbRoutingRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let word = |name: &str, fallback: &str| json[name].as_str().unwrap_or(fallback).to_owned();
        let settings = Settings {
            user: word("user-header", "x-user-id"),
            variant: word("variant-header", "x-variant"),
            salt: word("experiment", ""),
            percent: json["percent"].as_u64().unwrap_or(101),
        };
        let named = ![&settings.salt, &settings.user, &settings.variant].iter().any(|text| text.is_empty());
        let good = named && settings.percent <= 100;
        if !good {
            log::error!("the configuration wants the name of an experiment, and a percent from 0 to 100");
        }
        self.settings = Rc::new(settings);
        good
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(AbRouting { settings: self.settings.clone(), chosen: "a" }))
    }
}

struct AbRouting {
    settings: Rc<Settings>,
    chosen: &'static str,
}

impl Context for AbRouting {}

impl HttpContext for AbRouting {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let settings = self.settings.clone();
        let id = self.get_http_request_header_bytes(&settings.user).unwrap_or_default();
        // The same for one user in each proxy, and drawn anew for each experiment.
        if !id.is_empty() && u64::from(hash(&settings.salt, &id) % 100) < settings.percent {
            self.chosen = "b";
        }
        // All lines of that name go: nobody chooses a variant for himself.
        self.set_http_request_header(&settings.variant, None);
        self.add_http_request_header(&settings.variant, self.chosen);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.set_http_response_header(&self.settings.variant, None);
        self.add_http_response_header(&self.settings.variant, self.chosen);
        // A cache must not give one user's variant to another.
        self.add_http_response_header("vary", &self.settings.user);
        Action::Continue
    }
}

/// FNV-1a, whose low bits are mixed once more.
fn hash(salt: &str, id: &[u8]) -> u32 {
    let bytes = salt.bytes().chain([b':']).chain(id.iter().copied());
    let sum = bytes.fold(2166136261u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(16777619));
    let sum = (sum ^ (sum >> 16)).wrapping_mul(2246822507);
    sum ^ (sum >> 13)
}
