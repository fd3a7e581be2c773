// Gives every response the headers that keep browsers safe, in place of what the service says.
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

const NAMES = [
  "strict-transport-security",
  "x-content-type-options",
  "x-frame-options",
  "referrer-policy",
  "content-security-policy",
];
const USUAL = ["max-age=31536000; includeSubDomains", "nosniff", "DENY", "strict-origin-when-cross-origin", ""];
const TELLING = ["x-powered-by", "x-aspnet-version"];

class SecurityHeadersRoot extends RootContext {
  values: string[] = [];

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings == null) {
      log(LogLevelValues.error, "the configuration is not a JSON object");
      return false;
    }
    for (let i = 0; i < NAMES.length; i++) this.values.push(settings.string(NAMES[i], USUAL[i]));
    return true;
  }

  createContext(id: u32): Context {
    return new SecurityHeaders(id, this);
  }
}

class SecurityHeaders extends Context {
  constructor(id: u32, private root: SecurityHeadersRoot) {
    super(id, root);
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    for (let i = 0; i < NAMES.length; i++) {
      if (this.root.values[i] == "") continue;
      // All lines of that name go, not the first alone.
      stream_context.headers.response.remove(NAMES[i]);
      stream_context.headers.response.add(NAMES[i], this.root.values[i]);
    }
    for (let i = 0; i < TELLING.length; i++) stream_context.headers.response.remove(TELLING[i]);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new SecurityHeadersRoot(id), "security_headers");
