// Gives each user one of two variants, a or b, always the same, in a header that routes can match.
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

class AbRoutingRoot extends RootContext {
  user: string = "";
  variant: string = "";
  salt: string = "";
  percent: i64 = -1;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.user = settings.string("user-header", "x-user-id");
      this.variant = settings.string("variant-header", "x-variant");
      this.salt = settings.string("experiment", "");
      this.percent = settings.integer("percent", -1);
    }
    if (this.salt == "" || this.user == "" || this.variant == "" || this.percent < 0 || this.percent > 100) {
      log(LogLevelValues.error, "the configuration wants the name of an experiment, and a percent from 0 to 100");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new AbRouting(id, this);
  }
}

class AbRouting extends Context {
  private chosen: string = "a";

  constructor(id: u32, private root: AbRoutingRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    const id = request.get(this.root.user);
    // The same for one user in each proxy, and drawn anew for each experiment.
    if (id != "" && ((hash(this.root.salt + ":" + id) % 100) as i64) < this.root.percent) this.chosen = "b";
    // All lines of that name go: nobody chooses a variant for himself.
    request.remove(this.root.variant);
    request.add(this.root.variant, this.chosen);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const response = stream_context.headers.response;
    response.remove(this.root.variant);
    response.add(this.root.variant, this.chosen);
    // A cache must not give one user's variant to another.
    response.add("vary", this.root.user);
    return FilterHeadersStatusValues.Continue;
  }
}

// FNV-1a, whose low bits are mixed once more.
function hash(text: string): u32 {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  let sum: u32 = 2166136261;
  for (let i = 0; i < bytes.length; i++) sum = (sum ^ (bytes[i] as u32)) * 16777619;
  sum = (sum ^ (sum >> 16)) * 2246822507;
  return sum ^ (sum >> 13);
}

registerRootContext((id: u32) => new AbRoutingRoot(id), "ab_routing");
