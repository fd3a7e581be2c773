//! Counts responses by the class of their status, and measures how long they took; the proxy shows both in its stats.
use std::time::SystemTime;

use proxy_wasm::hostcalls::{define_metric, increment_metric, record_metric};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MetricType, Status};
use serde_json::Value;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(MetricsRoot::default()));
}}

#[derive(Clone, Copy, Default)]
struct Numbers {
    responses: [u32; 5],
    milliseconds: u32,
}

impl Numbers {
    fn define(name: &str) -> Result<Self, Status> {
        let mut numbers = Self::default();
        for (index, number) in numbers.responses.iter_mut().enumerate() {
            *number = define_metric(MetricType::Counter, &format!("{name}.responses.{}xx", index + 1))?;
        }
        numbers.milliseconds = define_metric(MetricType::Histogram, &format!("{name}.milliseconds"))?;
        Ok(numbers)
    }
}

#[derive(Default)]
struct MetricsRoot {
    numbers: Numbers,
}

impl Context for MetricsRoot {}

impl RootContext for MetricsRoot {
    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_else(|| b"{}".to_vec());
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let name = json["name"].as_str().unwrap_or("my_filter");
        match Numbers::define(name) {
            Ok(numbers) if json.is_object() && !name.is_empty() => {
                self.numbers = numbers;
                true
            }
            _ => {
                log::error!("the configuration wants a name for the metrics");
                false
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Metrics { numbers: self.numbers, began: self.get_current_time() }))
    }
}

struct Metrics {
    numbers: Numbers,
    began: SystemTime,
}

impl Context for Metrics {}

impl HttpContext for Metrics {
    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        let status = self.get_http_response_header(":status").unwrap_or_default();
        if let Some(class @ b'1'..=b'5') = status.as_bytes().first() {
            let _ = increment_metric(self.numbers.responses[usize::from(class - b'1')], 1);
        }
        let took = self.get_current_time().duration_since(self.began).unwrap_or_default();
        let _ = record_metric(self.numbers.milliseconds, took.as_millis() as u64);
        Action::Continue
    }
}
