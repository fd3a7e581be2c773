//! Asks another service about each request: a 2xx lets it pass, any other answer refuses it.
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(HttpCalloutRoot::default()));
}}

#[derive(Default)]
struct Settings {
    cluster: String,
    path: String,
    timeout: Duration,
}

#[derive(Default)]
struct HttpCalloutRoot {
    settings: Rc<Settings>,
}

impl Context for HttpCalloutRoot {}

impl RootContext for HttpCalloutRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let timeout = json.get("timeout_ms").map_or(500, |value| value.as_u64().unwrap_or(0));
        self.settings = Rc::new(Settings {
            cluster: json["cluster"].as_str().unwrap_or_default().to_owned(),
            path: json["path"].as_str().unwrap_or("/").to_owned(),
            timeout: Duration::from_millis(timeout),
        });
        let good = !self.settings.cluster.is_empty() && timeout > 0;
        if !good {
            log::error!("the configuration wants the name of a cluster, and a timeout_ms of 1 or more");
        }
        good
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(HttpCallout { settings: self.settings.clone() }))
    }
}

struct HttpCallout {
    settings: Rc<Settings>,
}

impl HttpCallout {
    fn refuse(&self, status: u32, why: &str) {
        self.send_http_response(status, vec![], Some(why.as_bytes()));
    }
}

impl Context for HttpCallout {
    fn on_http_call_response(&mut self, _token: u32, headers: usize, _body_size: usize, _trailers: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        // A call that timed out, or found nobody, has no headers.
        match (headers, status.as_bytes().first()) {
            (0, _) => self.refuse(503, "the service that decides does not answer\n"),
            (_, Some(b'2')) => self.resume_http_request(),
            // The proxy answers for a service that cannot be reached with a 5xx of its own.
            (_, Some(b'5')) => self.refuse(503, "the service that decides is out of order\n"),
            _ => self.refuse(403, "refused\n"),
        }
    }
}

impl HttpContext for HttpCallout {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let path = self.get_http_request_header(":path").unwrap_or_default();
        let authorization = self.get_http_request_header("authorization").unwrap_or_default();
        let headers = vec![
            (":method", "GET"),
            (":path", self.settings.path.as_str()),
            (":authority", self.settings.cluster.as_str()),
            ("x-original-path", path.as_str()),
            ("authorization", authorization.as_str()),
        ];
        let sent = self.dispatch_http_call(&self.settings.cluster, headers, None, vec![], self.settings.timeout);
        if sent.is_err() {
            self.refuse(503, "the service that decides is not known\n");
        }
        Action::Pause
    }
}
