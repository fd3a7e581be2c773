// Lets so many requests pass in each span of time, and answers 429 to the others.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them count is therefore in
// the proxy's shared data, as "window:count".
import {
  Context,
  FilterHeadersStatusValues,
  get_current_time_nanoseconds,
  get_shared_data,
  log,
  LogLevelValues,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  send_http_response,
  set_shared_data,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

const KEY = "rate_limit";

class RateLimitRoot extends RootContext {
  requests: i64 = 100;
  seconds: i64 = 1;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.requests = settings.integer("requests", 100);
      this.seconds = settings.integer("seconds", 1);
    }
    if (settings == null || this.requests < 1 || this.seconds < 1) {
      log(LogLevelValues.error, "the configuration wants requests and seconds, both 1 or more");
      return false;
    }
    return true;
  }

  // Counts one request; false when there were enough.
  take(): bool {
    const now = ((get_current_time_nanoseconds() / 1000000000) as i64) / this.seconds;
    while (true) {
      const found = get_shared_data(KEY);
      const counted = new Counted(found.result == WasmResultValues.Ok ? found.value : null, now);
      if (counted.count >= this.requests) return false;
      const text = String.UTF8.encode(counted.window.toString() + ":" + (counted.count + 1).toString());
      // Another thread may have counted meanwhile: then this number is refused, and counted anew.
      if (set_shared_data(KEY, text, found.cas) != WasmResultValues.CasMismatch) return true;
    }
  }

  createContext(id: u32): Context {
    return new RateLimit(id, this);
  }
}

// The window of now and its count. A thread that read its clock first may come last: it counts in the window that the
// others have begun.
class Counted {
  count: i64 = 0;

  constructor(data: ArrayBuffer | null, public window: i64) {
    const parts = data == null ? [""] : String.UTF8.decode(data).split(":");
    const begun = I64.parseInt(parts[0]);
    if (parts.length == 2 && (begun == window || begun == window + 1)) {
      this.window = begun;
      this.count = I64.parseInt(parts[1]);
    }
  }
}

class RateLimit extends Context {
  constructor(id: u32, private root: RateLimitRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    if (this.root.take()) return FilterHeadersStatusValues.Continue;
    const headers = [makeHeaderPair("retry-after", this.root.seconds.toString())];
    send_http_response(429, "rate_limit", String.UTF8.encode("too many requests\n"), headers);
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((id: u32) => new RateLimitRoot(id), "rate_limit");
