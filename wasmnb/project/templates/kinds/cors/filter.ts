// Answers browsers' preflight requests, and allows one other origin to read responses.
import {
  Context,
  FilterHeadersStatusValues,
  log,
  LogLevelValues,
  makeHeaderPair,
  registerRootContext,
  RootContext,
  send_http_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

const OWN = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
];

class CorsRoot extends RootContext {
  origin: string = "";
  methods: string = "";
  headers: string = "";
  maxAge: string = "";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.origin = settings.string("origin", "");
      this.methods = settings.string("methods", "GET, POST");
      this.headers = settings.string("headers", "content-type");
      this.maxAge = settings.string("max-age", "600");
    }
    // What stands for everybody, or for pages without an origin, is no origin.
    if (!this.origin.startsWith("https://") && !this.origin.startsWith("http://")) {
      log(LogLevelValues.error, "the configuration names no origin, such as https://app.example");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new Cors(id, this);
  }
}

class Cors extends Context {
  allowed: bool = false;
  answered: bool = false;

  constructor(id: u32, private root: CorsRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const origin = request.get("origin");
    this.allowed = origin == this.root.origin;
    const preflight =
      request.get(":method") == "OPTIONS" && origin != "" && request.get("access-control-request-method") != "";
    if (!preflight) return FilterHeadersStatusValues.Continue;
    this.answered = true;
    const vary = makeHeaderPair("vary", "origin");
    if (!this.allowed) {
      send_http_response(403, "cors_origin", String.UTF8.encode("this origin is not allowed\n"), [vary]);
    } else {
      send_http_response(204, "cors_preflight", new ArrayBuffer(0), [
        makeHeaderPair("access-control-allow-origin", this.root.origin),
        makeHeaderPair("access-control-allow-methods", this.root.methods),
        makeHeaderPair("access-control-allow-headers", this.root.headers),
        makeHeaderPair("access-control-max-age", this.root.maxAge),
        vary,
      ]);
    }
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    if (this.answered) return FilterHeadersStatusValues.Continue;
    const response = stream_context.headers.response;
    for (let i = 0; i < OWN.length; i++) response.remove(OWN[i]);
    response.add("vary", "origin");
    if (this.allowed) response.add("access-control-allow-origin", this.root.origin);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new CorsRoot(id), "cors");
