"""Metrics, as Envoy's statistics show them."""

from __future__ import annotations

import re

from tests.sdk.harness import PRELUDE

METRICS = """
class MetricsRoot : public RootContext {
 public:
  using RootContext::RootContext;
  Counter<> plain_{"plain"};
  Counter<std::string, int, bool>* tagged_ = Counter<std::string, int, bool>::New("tagged", "who", "code", "ok");
  Gauge<StringView>* gauge_ = Gauge<StringView>::New("gauge", "zone");
  Gauge<std::string> named_{"named", "zone"};
  Histogram<const char*>* histogram_ = Histogram<const char*>::New("histogram", "unit");
  Metric metric_{MetricType::Counter, "metric",
                 {{"a", MetricTag::TagType::String}, {"b", MetricTag::TagType::Int}}};
  Metric separated_{MetricType::Gauge, "separated", {{"a", MetricTag::TagType::Bool}}, "_", "="};
};
class Metrics : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto& my = *static_cast<MetricsRoot*>(root());
    uint32_t id = 0;
    uint64_t value = 0;
    tell("define", defineMetric(MetricType::Counter, "by_number", &id));
    tell("increment", incrementMetric(id, 4));
    tell("record", recordMetric(id, 10));
    tell("get", getMetric(id, &value));
    tell("value", value);
    tell("no metric", getMetric(4711, &value));
    my.plain_.increment(2);
    my.plain_.record(1);
    tell("plain", my.plain_.get());
    my.tagged_->increment(3, "me", 200, true);
    SimpleCounter counter = my.tagged_->resolve("me", 200, true);
    ++counter;
    counter++;
    counter.increment(5);
    counter.record(1);
    tell("tagged", counter.get());
    tell("tagged get", my.tagged_->get("me", 200, true));
    tell("name", my.tagged_->nameFromIdSlow(counter.metric_id));
    my.gauge_->record(5, "north");
    SimpleGauge gauge = my.gauge_->resolve("north");
    tell("gauge", gauge.get());
    gauge.record(6);
    tell("gauge get", my.gauge_->get("north"));
    my.named_.record(7, "south");
    my.histogram_->record(100, "ms");
    SimpleHistogram histogram = my.histogram_->resolve("ms");
    histogram.record(200);
    auto* extended = my.tagged_->extendAndResolve<StringView, int>("you", 404, false, "path", "try");
    extended->increment(8, "home", 2);
    tell("extended", extended->get("home", 2));
    my.metric_.increment(1, "x", 1);
    my.metric_.record(9, "x", 2);
    tell("metric", my.metric_.get("x", 1));
    Metric partial = my.metric_.partiallyResolve("y");
    partial.increment(6, 3);
    tell("partial", partial.get(3) == 6 && my.metric_.get("y", 3) == 6);
    my.separated_.record(11, false);
    return answer();
  }
};
static RegisterContextFactory register_Metrics(CONTEXT_FACTORY(Metrics), ROOT_FACTORY(MetricsRoot));
"""


def test_every_kind_of_metric_is_counted_and_shown_by_envoy(start):
    proxy = start(PRELUDE + METRICS)
    told = proxy.request().told
    assert [told[name] for name in ("define", "increment", "record", "get")] == ["Ok"] * 4
    assert told["no metric"] == "BadArgument"
    assert (told["value"], told["plain"], told["tagged"], told["tagged get"]) == ("14", "3", "11", "11")
    assert told["name"] == "who.me.code.200.ok.true.tagged"
    assert (told["gauge"], told["gauge get"], told["extended"]) == ("5", "6", "8")
    assert (told["metric"], told["partial"]) == ("1", "1")
    recorded = proxy.wait(
        lambda: (text := proxy.stats("wasmcustom")["wasmcustom.unit.ms.histogram"])[0] == "P" and text
    )
    assert re.match(r"P0\(10\d,.* P100\(20\d,", recorded)
    stats = {name.removeprefix("wasmcustom."): value for name, value in proxy.stats("wasmcustom").items()}
    del stats["unit.ms.histogram"]
    assert stats == {
        "by_number": "14",
        "plain": "3",
        "who.me.code.200.ok.true.tagged": "11",
        "who.you.code.404.ok.false.path.home.try.2.tagged": "8",
        "zone.north.gauge": "6",
        "zone.south.named": "7",
        "a.x.b.1.metric": "1",
        "a.x.b.2.metric": "9",
        "a.y.b.3.metric": "6",
        "a=false_separated": "11",
    }
