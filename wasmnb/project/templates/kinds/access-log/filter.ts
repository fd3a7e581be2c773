// Writes a line of JSON about each request into the proxy's log, without what is secret, and without what forges lines.
import {
  Context,
  FilterHeadersStatusValues,
  get_current_time_nanoseconds,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

// Longer texts are cut: a client does not fill the disk.
const MOST = 256;
// What nobody should find in a log; the path has its own place there, without what stands behind it.
const SECRETS = ["authorization", "proxy-authorization", "cookie", ":path"];
const DIGITS = "0123456789abcdef";

class AccessLogRoot extends RootContext {
  header: string = "";
  fromStatus: i64 = 0;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      // Names of headers are the same in capitals.
      this.header = settings.string("header", "x-request-id").toLowerCase();
      this.fromStatus = settings.integer("from-status", 0);
    }
    if (this.header == "" || SECRETS.includes(this.header) || this.fromStatus < 0) {
      log(LogLevelValues.error, "the configuration wants a header that is no secret, and a from-status of 0 or more");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new AccessLog(id, this);
  }
}

class AccessLog extends Context {
  private line: string = "";
  private began: u64 = 0;
  private status: i64 = 0;

  constructor(id: u32, private root: AccessLogRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    this.began = get_current_time_nanoseconds();
    const request = stream_context.headers.request;
    // What stands behind the path may be a token.
    const path = request.get(":path").split("?")[0].split("#")[0].split(";")[0];
    this.line =
      '{"method": ' + quoted(request.get(":method")) +
      ', "host": ' + quoted(request.get(":authority")) +
      ', "path": ' + quoted(path) +
      ', "agent": ' + quoted(request.get("user-agent")) +
      ', "id": ' + quoted(request.get(this.root.header));
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    this.status = I64.parseInt(stream_context.headers.response.get(":status"));
    return FilterHeadersStatusValues.Continue;
  }

  onLog(): void {
    // A request that got no answer has the status 0, and is always worth a line.
    if (this.line == "" || (this.status > 0 && this.status < this.root.fromStatus)) return;
    const took = (get_current_time_nanoseconds() - this.began) / 1000000;
    const end = ', "status": ' + this.status.toString() + ', "ms": ' + took.toString() + "}";
    log(LogLevelValues.info, this.line + end);
  }
}

// Each byte for itself: a name that is no ASCII is no text of one encoding.
function quoted(text: string): string {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  const length = min(bytes.length, MOST);
  let safe = '"';
  for (let i = 0; i < length; i++) {
    const code = bytes[i];
    if (code == 0x22 || code == 0x5c) {
      safe += "\\" + String.fromCharCode(code);
    } else if (code < 0x20 || code > 0x7e) {
      safe += "\\u00" + DIGITS.charAt(code >> 4) + DIGITS.charAt(code & 15);
    } else {
      safe += String.fromCharCode(code);
    }
  }
  return safe + '"';
}

registerRootContext((id: u32) => new AccessLogRoot(id), "access_log");
