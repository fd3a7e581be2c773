// Adds headers to every response: one from the configuration, one from the code.
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

// Lives as long as the plugin.
class AddHeaderRoot extends RootContext {
  name: string = "hello";
  value: string = "world";

  // Returning false refuses the configuration: the proxy keeps what it had, and its log has the reason.
  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings == null) {
      log(LogLevelValues.error, "the configuration is not a JSON object");
      return false;
    }
    this.name = settings.string("name", "hello");
    this.value = settings.string("value", "world");
    return true;
  }

  createContext(id: u32): Context {
    return new AddHeader(id, this);
  }
}

// Lives as long as one request.
class AddHeader extends Context {
  constructor(id: u32, private root: AddHeaderRoot) {
    super(id, root);
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.add(this.root.name, this.root.value);
    stream_context.headers.response.add("你好", "六翁");
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new AddHeaderRoot(id), "add_header");
