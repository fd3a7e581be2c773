"""The metrics that filters define: read, told apart, with rates, and with whose they may be."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest

from tests.mesh.conftest import until
from wasmnb.compile import Filter
from wasmnb.errors import BadNameError
from wasmnb.image import package
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.metrics import Metric, MetricKind, read, silent
from wasmnb.mesh.results import Metrics, Reading
from wasmnb.plugin import Plugin
from wasmnb.session import Session
from wasmnb.views import record_of

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

AT = datetime(2026, 1, 1, tzinfo=timezone.utc)
SOURCE = """#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {
 public:
  explicit Root(uint32_t id, std::string_view name) : RootContext(id, name) {}
  bool onConfigure(size_t) override {
    defineMetric(MetricType::Counter, "shop.hits", &hits);
    defineMetric(MetricType::Gauge, "NAME.open", &open);
    defineMetric(MetricType::Histogram, "NAME.size", &size);
    return true;
  }
  uint32_t hits, open, size;
};
class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    auto* own = static_cast<Root*>(root());
    incrementMetric(own->hits, 1);
    recordMetric(own->open, 7);
    recordMetric(own->size, 250);
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory made(CONTEXT_FACTORY(Http), ROOT_FACTORY(Root), "");
"""


@pytest.fixture(scope="module")
def mesh():
    with LocalMesh.start() as running:
        for name in ("one", "two"):
            image = package(Filter(name, SOURCE.replace("NAME", name)).build())
            running.apply(Plugin(name, image, selector={"app": "details"}))
        yield running


def session_on(mesh):
    made = Session()
    made.use(mesh)
    return made


def test_counters_gauges_and_histograms_are_told_apart(mesh):
    mesh.send("productpage", "details:9080/details/1")
    found = {one.metric.name: one.metric for one in mesh.metrics() if one.metric.pod == "details-v1-0"}
    assert {name: one.kind for name, one in found.items()} == {
        "one.open": MetricKind.GAUGE,
        "one.size": MetricKind.HISTOGRAM,
        "shop.hits": MetricKind.COUNTER,
        "two.open": MetricKind.GAUGE,
        "two.size": MetricKind.HISTOGRAM,
    }
    assert found["one.open"].value == 7
    assert found["shop.hits"].value > 0
    assert found["one.size"].value is None


def test_a_name_that_two_filters_define_is_shared_and_said_to_be(mesh):
    taken = session_on(mesh).metrics("details")
    owners = {one.metric.name: one.plugins for one in taken}
    assert owners["shop.hits"] == ("one", "two")
    assert owners["one.open"] == ("one",)
    assert owners["two.size"] == ("two",)
    assert "shop.hits: several filters define the name" in str(record_of(taken))


def test_rates_are_of_the_time_since_the_metrics_were_shown(mesh):
    session = session_on(mesh)
    assert all(one.rate is None for one in session.metrics())
    for _ in range(5):
        mesh.send("productpage", "details:9080/details/1")
    rates = {one.metric.name: one.rate for one in session.metrics()}
    assert rates["shop.hits"] > 0
    assert rates["one.open"] is None
    assert session.metrics(seconds=0.1)[0].metric.pod == "details-v1-0"


def test_a_histogram_has_quantiles_once_the_proxy_has_summed_it_up(mesh):
    mesh.send("productpage", "details:9080/details/1")

    def look():
        return next(one.metric for one in mesh.metrics() if one.metric.name == "one.size")

    found = until(look, lambda one: one.p50 is not None)
    assert 200 < found.p50 < 300
    assert found.p99 >= found.p50


def test_a_pod_that_there_is_not_is_an_error(mesh):
    with pytest.raises(BadNameError, match="no pod or workload 'detials'") as caught:
        session_on(mesh).metrics("detials")
    assert "details" in caught.value.hint


def test_a_counter_of_a_proxy_that_started_anew_has_no_rate():
    def looked(value, seconds):
        at = AT + timedelta(seconds=seconds)
        return Metrics((Reading(Metric("a", "n", MetricKind.COUNTER, value, None, None, at)),))

    assert looked(30, 10).since(looked(10, 0))[0].rate == 2
    assert looked(3, 10).since(looked(10, 0))[0].rate is None


def test_the_frame_is_the_same_without_metrics():
    full = Metrics((Reading(Metric("a", "n", MetricKind.COUNTER, 1.0, None, None, AT), ("p",), 0.5),))
    none = Metrics(tuple(Reading(one) for one in silent("a", "the proxy does not answer", AT)))
    assert list(full.frame.columns) == ["pod", "plugins", "metric", "kind", "value", "rate", "p50", "p99"]
    pd.testing.assert_series_equal(full.frame.dtypes, none.frame.dtypes)
    assert none.frame.empty
    assert none.silent == {"a": "the proxy does not answer"}
    assert "a: the proxy does not answer" in str(record_of(none))


def test_an_answer_that_is_none_is_a_value_error():
    with pytest.raises(ValueError, match="Expecting value"):
        read("a", "Forbidden", "Forbidden", AT)
