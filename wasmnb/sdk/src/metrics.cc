// Metrics by number, name and tags.
#include "proxy_wasm_metrics.h"

template class std::vector<MetricTag>;

WasmResult defineMetric(MetricType type, StringView name, uint32_t* metric_id) {
  return proxy_define_metric(type, name.data(), name.size(), metric_id);
}

WasmResult incrementMetric(uint32_t metric_id, int64_t offset) { return proxy_increment_metric(metric_id, offset); }
WasmResult recordMetric(uint32_t metric_id, uint64_t value) { return proxy_record_metric(metric_id, value); }
WasmResult getMetric(uint32_t metric_id, uint64_t* value) { return proxy_get_metric(metric_id, value); }

uint64_t proxyWasmMetricValue(uint32_t metric_id) {
  uint64_t value = 0;
  CHECK_RESULT(getMetric(metric_id, &value));
  return value;
}

std::string toString(StringView text) { return std::string(text); }
std::string toString(const std::string& text) { return text; }
std::string toString(const char* text) { return text; }
std::string toString(bool value) { return value ? "true" : "false"; }
std::string toString(int value) { return std::to_string(value); }
std::string toString(unsigned value) { return std::to_string(value); }
std::string toString(long value) { return std::to_string(value); }
std::string toString(unsigned long value) { return std::to_string(value); }
std::string toString(long long value) { return std::to_string(value); }
std::string toString(unsigned long long value) { return std::to_string(value); }

MetricBase::MetricBase(MetricType t, const std::string& n) : type(t), name(n) {}

MetricBase::MetricBase(MetricType t, const std::string& n, const std::vector<MetricTag>& ts)
    : type(t), name(n), tags(ts) {}

MetricBase::MetricBase(MetricType t, const std::string& n, const std::vector<MetricTag>& ts, std::string fs,
                       std::string vs)
    : type(t), name(n), tags(ts), field_separator(std::move(fs)), value_separator(std::move(vs)) {}

MetricBase::MetricBase(const MetricBase& other) = default;
MetricBase& MetricBase::operator=(const MetricBase& other) = default;
MetricBase::~MetricBase() = default;

std::string MetricBase::prefixWithFields(const std::vector<std::string>& fields) {
  std::string full(prefix);
  for (size_t index = 0; index < fields.size() && index < tags.size(); ++index) {
    full.append(tags[index].name).append(value_separator).append(fields[index]).append(field_separator);
  }
  return full;
}

uint32_t MetricBase::resolveFullName(const std::string& full_name) {
  size_t low = 0;
  size_t high = metric_ids.size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    const int order = metric_ids[middle].first.compare(full_name);
    if (order == 0) return metric_ids[middle].second;
    (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
  }
  uint32_t metric_id = 0;
  CHECK_RESULT(defineMetric(type, full_name, &metric_id));
  metric_ids.emplace(metric_ids.begin() + static_cast<ptrdiff_t>(low), full_name, metric_id);
  return metric_id;
}

uint32_t MetricBase::resolveWithFields(const std::vector<std::string>& fields) {
  if (fields.size() != tags.size()) {
    ProxyWasmLine line;
    logAbort((line + "metric \"" + name + "\" needs one field for each of its tags").view());
  }
  return resolveFullName(prefixWithFields(fields).append(name));
}

void MetricBase::partiallyResolveWithFields(const std::vector<std::string>& fields) {
  if (fields.size() >= tags.size()) {
    ProxyWasmLine line;
    logAbort((line + "metric \"" + name + "\" is resolved in part by fewer fields than it has tags").view());
  }
  prefix = prefixWithFields(fields);
  tags.erase(tags.begin(), tags.begin() + static_cast<ptrdiff_t>(fields.size()));
  metric_ids.clear();
}

std::string MetricBase::nameFromIdSlow(uint32_t id) {
  for (const auto& [known_name, known_id] : metric_ids) {
    if (known_id == id) return known_name;
  }
  return {};
}
