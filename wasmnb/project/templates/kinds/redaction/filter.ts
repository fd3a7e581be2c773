// Hides the numbers of payment cards in the bodies of responses, all but their last digits.
import {
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  FilterTrailersStatusValues,
  get_buffer_bytes,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  send_http_response,
  set_buffer_bytes,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

// How many digits the number of a card has.
const FEWEST = 13;
const MOST = 19;

class RedactionRoot extends RootContext {
  keep: i64 = 4;

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) this.keep = settings.integer("keep", 4);
    if (settings == null || this.keep < 0 || this.keep > 4) {
      log(LogLevelValues.error, "the configuration wants keep, from 0 to 4");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new Redaction(id, this);
  }
}

class Redaction extends Context {
  private size: u32 = 0;

  constructor(id: u32, private root: RedactionRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // What is compressed cannot be looked through, nor can a part of a number.
    stream_context.headers.request.remove("accept-encoding");
    stream_context.headers.request.remove("range");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    const encoding = stream_context.headers.response.get("content-encoding");
    if (encoding == "" || encoding == "identity") return FilterHeadersStatusValues.Continue;
    send_http_response(502, "redaction", String.UTF8.encode("this answer cannot be looked through\n"), []);
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    this.size = size as u32;
    if (!endOfStream) return FilterDataStatusValues.StopIterationAndBuffer;
    this.redact();
    return FilterDataStatusValues.Continue;
  }

  onResponseTrailers(count: u32): FilterTrailersStatusValues {
    // Behind a body with trailers there is no end of it.
    this.redact();
    return FilterTrailersStatusValues.Continue;
  }

  private redact(): void {
    if (this.size == 0) return;
    const body = get_buffer_bytes(BufferTypeValues.HttpResponseBody, 0, this.size);
    if (hide(Uint8Array.wrap(body), this.root.keep as i32)) {
      set_buffer_bytes(BufferTypeValues.HttpResponseBody, 0, this.size, body);
    }
  }
}

// Hides all cards of a text; false when there is none.
function hide(body: Uint8Array, keep: i32): bool {
  let found = false;
  let digits: i32[] = [];
  let groups: i32[] = [];
  for (let at = 0; at <= body.length; at++) {
    const c: u8 = at < body.length ? body[at] : 0;
    if (c >= 0x30 && c <= 0x39) {
      if (digits.length == 0 || digits[digits.length - 1] + 1 < at) groups.push(digits.length);
      digits.push(at);
      continue;
    }
    // Groups of one number have one sign between them.
    const between = c == 0x20 || c == 0x2d || c == 0x2e;
    if (between && digits.length > 0 && digits[digits.length - 1] + 1 == at) continue;
    if (hideIn(body, digits, groups, keep)) found = true;
    digits = [];
    groups = [];
  }
  return found;
}

// Hides cards in a row of groups of digits: where each digit is, and where among the digits each group begins.
function hideIn(body: Uint8Array, digits: i32[], groups: i32[], keep: i32): bool {
  groups.push(digits.length);
  const hidden: i32[] = [];
  for (let first = 0; first + 1 < groups.length; first++) {
    // No further than a card reaches: a body of a million numbers in a row would keep the proxy busy for minutes.
    let last = first;
    while (last + 1 < groups.length && groups[last + 1] - groups[first] <= MOST) last++;
    while (last > first && !isCard(body, digits, groups[first], groups[last])) last--;
    if (last == first) continue;
    for (let i = groups[first]; i < groups[last] - keep; i++) hidden.push(digits[i]);
  }
  // Not before all were found: a card may begin within what only looks like one.
  for (let i = 0; i < hidden.length; i++) body[hidden[i]] = 0x2a;
  return hidden.length > 0;
}

// The last digit of a card's number follows from the others (ISO/IEC 7812).
function isCard(body: Uint8Array, digits: i32[], from: i32, to: i32): bool {
  if (to - from < FEWEST) return false;
  let sum = 0;
  for (let i = from; i < to; i++) {
    const digit = (body[digits[i]] as i32) - 0x30;
    const twice = (to - i) % 2 == 0 ? 2 * digit : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 == 0;
}

registerRootContext((id: u32) => new RedactionRoot(id), "redaction");
