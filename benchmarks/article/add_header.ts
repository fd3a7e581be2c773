// Adds headers to every response: one from the plugin's configuration, one from the code.
//
// Configuration, a JSON object:  {"name": "hello", "value": "world"}
//
// A filter has two classes. The root context lives as long as the plugin and reads the configuration; a context lives
// as long as one request. The last line makes both known to the proxy.
import {
  Context,
  FilterHeadersStatusValues,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class AddHeaderRoot extends RootContext {
  name: string = "x-filter";
  value: string = "on";

  // Returning false refuses the configuration: the proxy keeps what it had, and its log has the reason.
  onConfigure(size: u32): bool {
    if (!super.onConfigure(size)) return false;
    const text = this.getConfiguration().trim();
    if (text == "") return true;
    const members = parse(text);
    if (members == null) {
      log(LogLevelValues.error, "the configuration is no JSON object of strings");
      return false;
    }
    // A member that is missing keeps what was there.
    if (members.has("name")) this.name = members.get("name");
    if (members.has("value")) this.value = members.get("value");
    return true;
  }

  createContext(id: u32): Context {
    return new AddHeader(id, this);
  }
}

class AddHeader extends Context {
  root: AddHeaderRoot;

  constructor(id: u32, root: AddHeaderRoot) {
    super(id, root);
    this.root = root;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.add(this.root.name, this.root.value);
    stream_context.headers.response.add("你好", "六翁");
    return FilterHeadersStatusValues.Continue;
  }
}

// AssemblyScript has no JSON of its own; an object whose members are strings is soon read.
function parse(text: string): Map<string, string> | null {
  const members = new Map<string, string>();
  const reader = new Reader(text);
  if (!reader.take("{")) return null;
  if (!reader.take("}")) {
    do {
      const name = reader.literal();
      if (name == null || !reader.take(":")) return null;
      const value = reader.literal();
      if (value == null) return null;
      members.set(name, value);
    } while (reader.take(","));
    if (!reader.take("}")) return null;
  }
  return reader.ended() ? members : null;
}

class Reader {
  position: i32 = 0;

  constructor(private text: string) {}

  skipSpace(): void {
    while (this.position < this.text.length && this.text.charCodeAt(this.position) <= 0x20) this.position++;
  }

  take(letter: string): bool {
    this.skipSpace();
    if (this.text.charAt(this.position) != letter) return false;
    this.position++;
    return true;
  }

  ended(): bool {
    this.skipSpace();
    return this.position == this.text.length;
  }

  literal(): string | null {
    if (!this.take('"')) return null;
    let value = "";
    while (this.position < this.text.length) {
      const letter = this.text.charAt(this.position++);
      if (letter == '"') return value;
      if (letter != "\\") {
        value += letter;
        continue;
      }
      const escape = this.text.charAt(this.position++);
      if (escape == "u") {
        value += String.fromCharCode(I32.parseInt(this.text.substr(this.position, 4), 16));
        this.position += 4;
      } else {
        const index = "nrtbf".indexOf(escape);
        value += index < 0 || escape == "" ? escape : "\n\r\t\b\f".charAt(index);
      }
    }
    return null;
  }
}

registerRootContext((id: u32) => new AddHeaderRoot(id), "add_header");
