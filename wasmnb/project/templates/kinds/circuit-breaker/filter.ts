// Answers for a service that fails again and again, until one request shows that it is well.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them know is therefore in the
// proxy's shared data, as "failures:until": until which second no request passes, 0 while they do.
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
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

const KEY = "circuit_breaker";

enum Way {
  Open,
  Probe,
  Closed,
}

class Circuit {
  failures: i64 = 0;
  until: i64 = 0;
  cas: u32 = 0;

  constructor() {
    const found = get_shared_data(KEY);
    this.cas = found.cas;
    if (found.result == WasmResultValues.Ok && found.value != null) {
      const parts = String.UTF8.decode(found.value as ArrayBuffer).split(":");
      this.failures = I64.parseInt(parts[0]);
      this.until = I64.parseInt(parts[1]);
    }
  }

  // Another thread may have written meanwhile: then it is to be read anew.
  write(failures: i64, until: i64): bool {
    const text = failures.toString() + ":" + until.toString();
    return set_shared_data(KEY, String.UTF8.encode(text), this.cas) != WasmResultValues.CasMismatch;
  }
}

function now(): i64 {
  return (get_current_time_nanoseconds() / 1000000000) as i64;
}

class CircuitBreakerRoot extends RootContext {
  failures: i64 = 5;
  seconds: i64 = 30;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.failures = settings.integer("failures", 5);
      this.seconds = settings.integer("seconds", 30);
    }
    if (settings == null || this.failures < 1 || this.seconds < 1) {
      log(LogLevelValues.error, "the configuration wants failures and seconds, both 1 or more");
      return false;
    }
    return true;
  }

  // Says whether a request passes. When the time is over one does, and the others wait for what becomes of it.
  way(): Way {
    while (true) {
      const seen = new Circuit();
      if (seen.until == 0) return Way.Open;
      if (now() < seen.until) return Way.Closed;
      if (seen.write(seen.failures, now() + this.seconds)) return Way.Probe;
    }
  }

  failed(): void {
    while (true) {
      const seen = new Circuit();
      const count = seen.failures + 1;
      if (seen.write(count, count >= this.failures ? now() + this.seconds : seen.until)) return;
    }
  }

  // A request that began before the circuit was broken says nothing of now: only the probe mends it.
  succeeded(probe: bool): void {
    while (true) {
      const seen = new Circuit();
      if (seen.failures == 0 || (seen.until != 0 && !probe)) return;
      if (seen.write(0, 0)) return;
    }
  }

  createContext(id: u32): Context {
    return new CircuitBreaker(id, this);
  }
}

class CircuitBreaker extends Context {
  private way: Way = Way.Closed;

  constructor(id: u32, private root: CircuitBreakerRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    this.way = this.root.way();
    if (this.way != Way.Closed) return FilterHeadersStatusValues.Continue;
    const text = String.UTF8.encode("the service is given time to recover\n");
    send_http_response(503, "circuit_breaker", text, [makeHeaderPair("retry-after", this.root.seconds.toString())]);
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // The filter's own answer is none of the service.
    if (this.way == Way.Closed) return FilterHeadersStatusValues.Continue;
    const status = stream_context.headers.response.get(":status");
    // A method or a version that the service does not know is the client's doing: nobody breaks the circuit with those.
    if (status.startsWith("5") && status != "501" && status != "505") {
      this.root.failed();
    } else {
      this.root.succeeded(this.way == Way.Probe);
    }
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new CircuitBreakerRoot(id), "circuit_breaker");
