//! Lets so many requests pass in each span of time, and answers 429 to the others.
//!
//! A proxy runs the filter once per worker thread, each in a memory of its own. What all of them count is therefore in
//! the proxy's shared data, as "window:count".
use std::time::UNIX_EPOCH;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, Status};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(RateLimitRoot { limit: RateLimit { requests: 100, seconds: 1 } }));
}}

const KEY: &str = "rate_limit";

struct RateLimitRoot {
    limit: RateLimit,
}

impl Context for RateLimitRoot {}

impl RootContext for RateLimitRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_else(|| b"{}".to_vec());
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let number = |name: &str, fallback: u64| json.get(name).map_or(fallback, |value| value.as_u64().unwrap_or(0));
        self.limit = RateLimit { requests: number("requests", 100), seconds: number("seconds", 1) };
        let good = json.is_object() && self.limit.requests > 0 && self.limit.seconds > 0;
        if !good {
            log::error!("the configuration wants requests and seconds, both 1 or more");
        }
        good
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(self.limit))
    }
}

#[derive(Clone, Copy)]
struct RateLimit {
    requests: u64,
    seconds: u64,
}

impl RateLimit {
    /// Counts one request; false when there were enough.
    fn take(&self) -> bool {
        let now = self.get_current_time().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / self.seconds;
        loop {
            let (data, cas) = self.get_shared_data(KEY);
            let (window, count) = data.and_then(|data| counted(&data, now)).unwrap_or((now, 0));
            if count >= self.requests {
                return false;
            }
            let text = format!("{window}:{}", count + 1);
            // Another thread may have counted meanwhile: then this number is refused, and counted anew.
            match self.set_shared_data(KEY, Some(text.as_bytes()), cas) {
                Err(Status::CasMismatch) => continue,
                _ => return true,
            }
        }
    }
}

/// The window of now and its count. A thread that read its clock first may come last: it counts in the window that the
/// others have begun.
fn counted(data: &[u8], now: u64) -> Option<(u64, u64)> {
    let (of, count) = std::str::from_utf8(data).ok()?.split_once(':')?;
    let of = of.parse().ok()?;
    if of == now || of == now + 1 { Some((of, count.parse().ok()?)) } else { None }
}

impl Context for RateLimit {}

impl HttpContext for RateLimit {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        if self.take() {
            return Action::Continue;
        }
        let seconds = self.seconds.to_string();
        self.send_http_response(429, vec![("retry-after", &seconds)], Some(b"too many requests\n"));
        Action::Pause
    }
}
