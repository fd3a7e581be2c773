use log::{debug, error, info, trace, warn};
use proxy_wasm::hostcalls::{self, define_metric, increment_metric};
use proxy_wasm::traits::*;
use proxy_wasm::types::*;
use std::time::Duration;

#[derive(Default)]
struct Root {
    configuration: String,
    requests: u32,
    ticks: u32,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let given = self.get_plugin_configuration().unwrap_or_default();
        self.configuration = String::from_utf8(given).unwrap();
        self.requests = define_metric(MetricType::Counter, "requests_seen").unwrap();
        self.ticks = define_metric(MetricType::Counter, "ticks_seen").unwrap();
        self.set_tick_period(Duration::from_millis(20));
        true
    }

    fn on_tick(&mut self) {
        increment_metric(self.ticks, 1).unwrap();
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream {
            configuration: self.configuration.clone(),
            requests: self.requests,
            path: String::new(),
            count: None,
        }))
    }
}

struct Stream {
    configuration: String,
    requests: u32,
    path: String,
    count: Option<String>,
}

impl Context for Stream {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or_default();
        self.add_http_request_header("x-inner", &status);
        self.resume_http_request();
    }
}

impl Stream {
    fn call(&self, path: &str, milliseconds: u64) -> Action {
        let headers = vec![(":method", "GET"), (":path", path), (":authority", "inner")];
        self.dispatch_http_call("http", headers, None, vec![], Duration::from_millis(milliseconds)).unwrap();
        Action::Pause
    }

    fn count(&self) -> String {
        let (value, cas) = self.get_shared_data("count");
        let number: u32 = value.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap());
        let text = (number + 1).to_string();
        self.set_shared_data("count", Some(text.as_bytes()), cas).unwrap();
        text
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.path = self.get_http_request_header(":path").unwrap_or_default();
        increment_metric(self.requests, 1).unwrap();
        self.add_http_request_header("x-seen", "yes");
        match self.path.as_str() {
            "/deny" => {
                self.send_http_response(401, vec![("x-why", "no token")], Some(b"who are you?"));
                return Action::Pause;
            }
            "/call" => return self.call("/inner", 5000),
            "/call/slow" => return self.call("/slow", 50),
            "/count" => self.count = Some(self.count()),
            "/levels" => {
                trace!("said at trace");
                debug!("said at debug");
                info!("said at info");
                warn!("said at warn");
                error!("said at error");
                // The crate `log` has no such level.
                hostcalls::log(LogLevel::Critical, "said at critical").unwrap();
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, last: bool) -> Action {
        if self.path == "/upper" {
            if !last {
                return Action::Pause;
            }
            let body = self.get_http_request_body(0, size).unwrap_or_default();
            self.set_http_request_body(0, size, &body.to_ascii_uppercase());
        }
        if self.path == "/append" && last {
            self.set_http_request_body(size, 0, b"-end");
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        self.add_http_request_trailer("x-added", "there");
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.add_http_response_header("hello", &self.configuration);
        self.add_http_response_header("你好", "六翁");
        if let Some(count) = &self.count {
            self.add_http_response_header("x-count", count);
        }
        if self.path == "/answer" {
            self.set_http_response_header("content-length", None);
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, last: bool) -> Action {
        if self.path != "/answer" {
            return Action::Continue;
        }
        if !last {
            return Action::Pause;
        }
        self.set_http_response_body(0, size, format!("{size} bytes").as_bytes());
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.add_http_response_trailer("x-added", "back");
        Action::Continue
    }
}
