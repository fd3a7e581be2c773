// Sets and removes headers of requests and responses, as the configuration lists them.
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

const SIGNS = "!#$%&'*+-.^_`|~";
// Headers that say where a message goes and where it ends: the proxy sets them.
const FRAMING = ["host", "content-length", "transfer-encoding", "connection"];

// What is done to one direction.
class Changes {
  removed: string[] = [];
  names: string[] = [];
  values: string[] = [];

  // Reads "name, name" and lines "name: value"; false for what is none.
  read(names: string, lines: string): bool {
    const removed: string[] = names == "" ? new Array<string>() : names.split(",");
    for (let i = 0; i < removed.length; i++) {
      const name = removed[i].trim();
      if (!isName(name)) return false;
      this.removed.push(name);
    }
    const set: string[] = lines == "" ? new Array<string>() : lines.split("\n");
    for (let i = 0; i < set.length; i++) {
      const colon = set[i].indexOf(":");
      // The last line may end as a line does.
      if (set[i] == "" && i == set.length - 1) break;
      if (colon < 0 || !isName(set[i].substring(0, colon))) return false;
      const value = set[i].substring(colon + 1).trim();
      if (!isValue(value)) return false;
      this.names.push(set[i].substring(0, colon));
      this.values.push(value);
    }
    return true;
  }
}

// Whether a text is the name of a header that may be changed; one that begins with a colon is part of the request line.
function isName(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57);
    if (!letter && !SIGNS.includes(text.charAt(i))) return false;
  }
  return text != "" && !FRAMING.includes(text.toLowerCase());
}

// Whether a text may be the value of a header: what ends a line there would begin a header of its own.
function isValue(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if ((c < 32 && c != 9) || c == 127) return false;
  }
  return true;
}

class HeaderRewriteRoot extends RootContext {
  request: Changes = new Changes();
  response: Changes = new Changes();

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const said = Settings.parse(this.getConfiguration());
    if (
      said == null ||
      !this.request.read(said.string("request-remove", ""), said.string("request-set", "")) ||
      !this.response.read(said.string("response-remove", ""), said.string("response-set", ""))
    ) {
      log(LogLevelValues.error, "the configuration wants names, and lines of name: value");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new HeaderRewrite(id, this);
  }
}

class HeaderRewrite extends Context {
  constructor(id: u32, private root: HeaderRewriteRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.request;
    const changes = this.root.request;
    for (let i = 0; i < changes.removed.length; i++) headers.remove(changes.removed[i]);
    for (let i = 0; i < changes.names.length; i++) {
      // All lines of that name go, not the first alone.
      headers.remove(changes.names[i]);
      headers.add(changes.names[i], changes.values[i]);
    }
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const headers = stream_context.headers.response;
    const changes = this.root.response;
    for (let i = 0; i < changes.removed.length; i++) headers.remove(changes.removed[i]);
    for (let i = 0; i < changes.names.length; i++) {
      headers.remove(changes.names[i]);
      headers.add(changes.names[i], changes.values[i]);
    }
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new HeaderRewriteRoot(id), "header_rewrite");
