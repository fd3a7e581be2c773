// Counters, gauges and histograms, by name and tags. The proxy shows "name", or "tag.value.tag.value.name".
#pragma once

#include "proxy_wasm_host.h"

#pragma GCC visibility push(hidden)

std::string toString(StringView text);
std::string toString(const std::string& text);
std::string toString(const char* text);
std::string toString(bool value);
std::string toString(int value);
std::string toString(unsigned value);
std::string toString(long value);
std::string toString(unsigned long value);
std::string toString(long long value);
std::string toString(unsigned long long value);
template <typename T>
std::string toString(T value) {
  return std::to_string(value);
}

struct MetricTag {
  enum class TagType : uint32_t { String = 0, Int = 1, Bool = 2 };
  std::string name;
  TagType tagType;
};

// A metric whose name depends on the values of its tags.
struct MetricBase {
  MetricBase(MetricType t, const std::string& n);
  MetricBase(MetricType t, const std::string& n, const std::vector<MetricTag>& ts);
  MetricBase(MetricType t, const std::string& n, const std::vector<MetricTag>& ts, std::string fs, std::string vs);
  MetricBase(const MetricBase& other);
  MetricBase& operator=(const MetricBase& other);
  ~MetricBase();

  MetricType type;
  std::string name;
  std::string prefix;
  std::vector<MetricTag> tags;
  std::vector<std::pair<std::string, uint32_t>> metric_ids;  // by name, in its order
  std::string field_separator = ".";                         // behind a tag's value
  std::string value_separator = ".";                         // between a tag's name and its value

  std::string prefixWithFields(const std::vector<std::string>& fields);
  // Ends the module when the host refuses the name.
  uint32_t resolveFullName(const std::string& full_name);
  // Ends the module when there is not one field per tag.
  uint32_t resolveWithFields(const std::vector<std::string>& fields);
  void partiallyResolveWithFields(const std::vector<std::string>& fields);
  std::string nameFromIdSlow(uint32_t id);
};

uint64_t proxyWasmMetricValue(uint32_t metric_id);

struct Metric : public MetricBase {
  using MetricBase::MetricBase;

  template <typename... Fields>
  uint32_t resolve(Fields... fields) {
    return resolveWithFields({toString(fields)...});
  }
  template <typename... Fields>
  Metric partiallyResolve(Fields... fields) {
    Metric partial(*this);
    partial.partiallyResolveWithFields({toString(fields)...});
    return partial;
  }
  template <typename... Fields>
  void increment(int64_t offset, Fields... fields) {
    incrementMetric(resolve(fields...), offset);
  }
  template <typename... Fields>
  void record(uint64_t value, Fields... fields) {
    recordMetric(resolve(fields...), value);
  }
  template <typename... Fields>
  uint64_t get(Fields... fields) {
    return proxyWasmMetricValue(resolve(fields...));
  }
};

template <typename T>
struct MetricTagDescriptor {
  using type = T;
  MetricTagDescriptor(StringView n) : name(n) {}
  MetricTagDescriptor(const char* n) : name(n) {}
  StringView name;
};

template <typename T>
MetricTag toMetricTag(const MetricTagDescriptor<T>& descriptor) {
  using Tag = MetricTag::TagType;
  constexpr Tag kind = std::is_same_v<T, bool> ? Tag::Bool : std::is_arithmetic_v<T> ? Tag::Int : Tag::String;
  return {std::string(descriptor.name), kind};
}

struct SimpleCounter {
  SimpleCounter(uint32_t id) : metric_id(id) {}
  void increment(int64_t offset) { incrementMetric(metric_id, offset); }
  void record(int64_t offset) { increment(offset); }
  uint64_t get() { return proxyWasmMetricValue(metric_id); }
  void operator++() { increment(1); }
  void operator++(int) { increment(1); }
  uint32_t metric_id;
};

struct SimpleGauge {
  SimpleGauge(uint32_t id) : metric_id(id) {}
  void record(uint64_t value) { recordMetric(metric_id, value); }
  uint64_t get() { return proxyWasmMetricValue(metric_id); }
  uint32_t metric_id;
};

struct SimpleHistogram {
  SimpleHistogram(uint32_t id) : metric_id(id) {}
  void record(int64_t value) { recordMetric(metric_id, static_cast<uint64_t>(value)); }
  uint32_t metric_id;
};

// What the three kinds below share; Self<Tags...> is the kind, Simple what it becomes when its tags have values.
template <template <typename...> class Self, typename Simple, MetricType kType, typename... Tags>
struct TaggedMetric : public MetricBase {
  TaggedMetric(StringView metric_name, MetricTagDescriptor<Tags>... descriptors)
      : MetricBase(kType, std::string(metric_name), {toMetricTag(descriptors)...}) {}

  static Self<Tags...>* New(StringView metric_name, MetricTagDescriptor<Tags>... descriptors) {
    return new Self<Tags...>(metric_name, descriptors...);
  }
  Simple resolve(Tags... values) { return Simple(id(values...)); }
  template <typename... MoreTags>
  Self<MoreTags...>* extendAndResolve(Tags... values, MetricTagDescriptor<MoreTags>... descriptors) {
    auto* extended = Self<MoreTags...>::New(name, descriptors...);
    extended->prefix = prefixWithFields({toString(values)...});
    return extended;
  }

 protected:
  uint32_t id(const Tags&... values) { return resolveWithFields({toString(values)...}); }
};

template <typename... Tags>
struct Counter : public TaggedMetric<Counter, SimpleCounter, MetricType::Counter, Tags...> {
  using TaggedMetric<Counter, SimpleCounter, MetricType::Counter, Tags...>::TaggedMetric;
  void increment(int64_t offset, Tags... values) { incrementMetric(this->id(values...), offset); }
  void record(int64_t offset, Tags... values) { increment(offset, values...); }
  uint64_t get(Tags... values) { return proxyWasmMetricValue(this->id(values...)); }
};

template <typename... Tags>
struct Gauge : public TaggedMetric<Gauge, SimpleGauge, MetricType::Gauge, Tags...> {
  using TaggedMetric<Gauge, SimpleGauge, MetricType::Gauge, Tags...>::TaggedMetric;
  void record(int64_t value, Tags... values) { recordMetric(this->id(values...), static_cast<uint64_t>(value)); }
  uint64_t get(Tags... values) { return proxyWasmMetricValue(this->id(values...)); }
};

template <typename... Tags>
struct Histogram : public TaggedMetric<Histogram, SimpleHistogram, MetricType::Histogram, Tags...> {
  using TaggedMetric<Histogram, SimpleHistogram, MetricType::Histogram, Tags...>::TaggedMetric;
  void record(int64_t value, Tags... values) { recordMetric(this->id(values...), static_cast<uint64_t>(value)); }
};

#pragma GCC visibility pop

extern template class std::vector<MetricTag>;
