// Counts responses by the class of their status, and measures how long they took; the proxy shows both in its stats.
import {
  Context,
  Counter,
  FilterHeadersStatusValues,
  get_current_time_nanoseconds,
  Histogram,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

class MetricsRoot extends RootContext {
  responses: Counter[] = [];
  milliseconds: Histogram | null = null;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    const name = settings == null ? "" : settings.string("name", "my_filter");
    if (name == "") {
      log(LogLevelValues.error, "the configuration wants a name for the metrics");
      return false;
    }
    this.responses = [];
    for (let i = 1; i <= 5; i++) this.responses.push(new Counter(name + ".responses." + i.toString() + "xx"));
    this.milliseconds = new Histogram(name + ".milliseconds");
    return true;
  }

  createContext(id: u32): Context {
    return new Metrics(id, this);
  }
}

class Metrics extends Context {
  private began: u64 = get_current_time_nanoseconds();

  constructor(id: u32, private root: MetricsRoot) {
    super(id, root);
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const status = stream_context.headers.response.get(":status");
    const kind = status.charCodeAt(0) - 0x31;
    if (kind >= 0 && kind < 5) this.root.responses[kind].increment(1);
    const histogram = this.root.milliseconds;
    if (histogram != null) {
      histogram.record(histogram.metric_id, (get_current_time_nanoseconds() - this.began) / 1000000);
    }
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new MetricsRoot(id), "metrics");
