// Asks another service whether a token may pass, and remembers a yes for some time.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them remember is therefore in
// the proxy's shared data, by who said yes and by token: the second until which it may pass.
import {
  BaseContext,
  Context,
  continue_request,
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

function now(): i64 {
  return (get_current_time_nanoseconds() / 1000000000) as i64;
}

class CalloutCacheRoot extends RootContext {
  cluster: string = "";
  path: string = "/";
  timeout: i64 = 500;
  seconds: i64 = 60;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.cluster = settings.string("cluster", "");
      this.path = settings.string("path", "/");
      this.timeout = settings.integer("timeout_ms", 500);
      this.seconds = settings.integer("seconds", 60);
    }
    if (this.cluster == "" || this.timeout < 1 || this.seconds < 1) {
      log(LogLevelValues.error, "the configuration wants the name of a cluster, and timeout_ms and seconds of 1 or more");
      return false;
    }
    return true;
  }

  remembered(token: string): bool {
    const found = get_shared_data(this.key(token));
    if (found.result != WasmResultValues.Ok || found.value == null) return false;
    return now() < I64.parseInt(String.UTF8.decode(found.value as ArrayBuffer));
  }

  // Only a yes is remembered: made-up tokens do not fill the memory, and a no is asked about anew.
  remember(token: string): void {
    set_shared_data(this.key(token), String.UTF8.encode((now() + this.seconds).toString()), 0);
  }

  // Other filters of a proxy may see the same data, and so does this one after a new configuration: what another
  // service said, or this one of another path, is no yes.
  private key(token: string): string {
    return "callout_cache:" + this.cluster + " " + this.path + " " + token;
  }

  createContext(id: u32): Context {
    return new CalloutCache(id, this);
  }
}

class CalloutCache extends Context {
  token: string = "";

  constructor(id: u32, readonly root: CalloutCacheRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    this.token = stream_context.headers.request.get("authorization");
    if (this.token == "") return refuse(401, "a token is wanted\n");
    // The token as a whole: what is shorter may be that of two.
    if (this.root.remembered(this.token)) return FilterHeadersStatusValues.Continue;
    const headers = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", this.root.path),
      makeHeaderPair(":authority", this.root.cluster),
      makeHeaderPair("authorization", this.token),
    ];
    const patience = this.root.timeout as u32;
    const sent = this.root.httpCall(this.root.cluster, headers, new ArrayBuffer(0), [], patience, this, decide);
    if (sent != WasmResultValues.Ok) return refuse(503, "the service that decides is not known\n");
    return FilterHeadersStatusValues.StopIteration;
  }
}

function decide(origin: BaseContext, headers: u32, size: usize, trailers: u32): void {
  const status = stream_context.headers.http_callback.get(":status");
  if (headers == 0 || status == "" || status.startsWith("5")) {
    refuse(503, "the service that decides does not answer\n");
  } else if (!status.startsWith("2")) {
    refuse(403, "refused\n");
  } else {
    const request = changetype<CalloutCache>(origin);
    request.root.remember(request.token);
    continue_request();
  }
}

function refuse(status: u32, why: string): FilterHeadersStatusValues {
  send_http_response(status, "callout_cache", String.UTF8.encode(why), []);
  return FilterHeadersStatusValues.StopIteration;
}

registerRootContext((id: u32) => new CalloutCacheRoot(id), "callout_cache");
