// Gives every request an id, which the service and the client see.
import {
  Context,
  FilterHeadersStatusValues,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

const DIGITS = "0123456789abcdef";

class RequestIdRoot extends RootContext {
  header: string = "";
  trust: bool = false;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    const trusted = settings == null ? "" : settings.string("trust", "no");
    this.header = settings == null ? "" : settings.string("header", "x-correlation-id");
    this.trust = trusted == "yes";
    if (this.header == "" || (trusted != "yes" && trusted != "no")) {
      log(LogLevelValues.error, "the configuration wants a header, and trust that is yes or no");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new RequestId(id, this);
  }
}

class RequestId extends Context {
  id: string = "";

  constructor(id: u32, private root: RequestIdRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // Of several lines of that name the first counts, and all of them go.
    const given = stream_context.headers.request.get(this.root.header);
    this.id = this.root.trust && isId(given) ? given : made();
    stream_context.headers.request.remove(this.root.header);
    stream_context.headers.request.add(this.root.header, this.id);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    if (this.id != "") {
      stream_context.headers.response.remove(this.root.header);
      stream_context.headers.response.add(this.root.header, this.id);
    }
    return FilterHeadersStatusValues.Continue;
  }
}

function isId(text: string): bool {
  if (text.length < 8 || text.length > 64) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57);
    if (!letter && c != 45 && c != 95 && c != 46) return false;
  }
  return true;
}

function made(): string {
  let text = "";
  for (let i = 0; i < 32; i++) text += DIGITS.charAt((Math.random() * 16) as i32);
  return text;
}

registerRootContext((id: u32) => new RequestIdRoot(id), "request_id");
