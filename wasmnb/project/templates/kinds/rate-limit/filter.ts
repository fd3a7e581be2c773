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
    const now = (get_current_time_nanoseconds() / 1000000000) as i64;
    const window = (now / this.seconds).toString();
    while (true) {
      const found = get_shared_data(KEY);
      const count = found.result == WasmResultValues.Ok ? counted(found.value, window) : 0;
      if (count >= this.requests) return false;
      const text = String.UTF8.encode(window + ":" + (count + 1).toString());
      // Another thread may have counted meanwhile: then this number is refused, and counted anew.
      if (set_shared_data(KEY, text, found.cas) != WasmResultValues.CasMismatch) return true;
    }
  }

  createContext(id: u32): Context {
    return new RateLimit(id, this);
  }
}

function counted(data: ArrayBuffer | null, window: string): i64 {
  const parts = data == null ? [""] : String.UTF8.decode(data).split(":");
  return parts.length == 2 && parts[0] == window ? I64.parseInt(parts[1]) : 0;
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
