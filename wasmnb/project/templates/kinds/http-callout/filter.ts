// Asks another service about each request: a 2xx lets it pass, any other answer refuses it.
import {
  BaseContext,
  Context,
  continue_request,
  FilterHeadersStatusValues,
  log,
  LogLevelValues,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  send_http_response,
  stream_context,
  WasmResultValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

class HttpCalloutRoot extends RootContext {
  cluster: string = "";
  path: string = "/";
  timeout: i64 = 500;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.cluster = settings.string("cluster", "");
      this.path = settings.string("path", "/");
      this.timeout = settings.integer("timeout_ms", 500);
    }
    if (this.cluster == "" || this.timeout < 1) {
      log(LogLevelValues.error, "the configuration wants the name of a cluster, and a timeout_ms of 1 or more");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new HttpCallout(id, this);
  }
}

class HttpCallout extends Context {
  constructor(id: u32, private root: HttpCalloutRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const headers = [
      makeHeaderPair(":method", "GET"),
      makeHeaderPair(":path", this.root.path),
      makeHeaderPair(":authority", this.root.cluster),
      makeHeaderPair("x-original-path", request.get(":path")),
      makeHeaderPair("authorization", request.get("authorization")),
    ];
    const patience = this.root.timeout as u32;
    const sent = this.root.httpCall(this.root.cluster, headers, new ArrayBuffer(0), [], patience, this, decide);
    if (sent != WasmResultValues.Ok) refuse(503, "the service that decides is not known\n");
    return FilterHeadersStatusValues.StopIteration;
  }
}

function decide(origin: BaseContext, headers: u32, size: usize, trailers: u32): void {
  const status = stream_context.headers.http_callback.get(":status");
  if (headers == 0 || status == "") {
    // A call that timed out, or found nobody, has no headers.
    refuse(503, "the service that decides does not answer\n");
  } else if (status.startsWith("2")) {
    continue_request();
  } else if (status.startsWith("5")) {
    // The proxy answers for a service that cannot be reached with a 5xx of its own.
    refuse(503, "the service that decides is out of order\n");
  } else {
    refuse(403, "refused\n");
  }
}

function refuse(status: u32, why: string): void {
  send_http_response(status, "callout", String.UTF8.encode(why), []);
}

registerRootContext((id: u32) => new HttpCalloutRoot(id), "http_callout");
