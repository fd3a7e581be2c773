// Answers every request with a page that says when the service is back.
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

class MaintenanceRoot extends RootContext {
  page: string = "";
  retryAfter: string = "";
  except: string = "";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings == null) {
      log(LogLevelValues.error, "the configuration is not a JSON object");
      return false;
    }
    const text = settings.string("text", "We are back soon.").replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    this.page = "<!doctype html><meta charset=utf-8><title>503</title><p>" + text;
    this.retryAfter = settings.string("retry-after", "600");
    this.except = settings.string("except", "/healthz");
    return true;
  }

  createContext(id: u32): Context {
    return new Maintenance(id, this);
  }
}

class Maintenance extends Context {
  constructor(id: u32, private root: MaintenanceRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // The path as a whole: what begins with it may lead elsewhere.
    const path = stream_context.headers.request.get(":path");
    if (this.root.except != "" && path == this.root.except) return FilterHeadersStatusValues.Continue;
    send_http_response(503, "maintenance", String.UTF8.encode(this.root.page), [
      makeHeaderPair("content-type", "text/html; charset=utf-8"),
      makeHeaderPair("retry-after", this.root.retryAfter),
      makeHeaderPair("cache-control", "no-store"),
    ]);
    return FilterHeadersStatusValues.StopIteration;
  }
}

registerRootContext((id: u32) => new MaintenanceRoot(id), "maintenance");
