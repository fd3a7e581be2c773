// Lets a request pass only when it carries the token that the configuration names.
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

class AuthRoot extends RootContext {
  expected: string = "";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    const token = settings == null ? "" : settings.string("token", "");
    if (token == "") {
      log(LogLevelValues.error, "the configuration names no token; without one everybody would pass");
      return false;
    }
    this.expected = "Bearer " + token;
    return true;
  }

  createContext(id: u32): Context {
    return new Auth(id, this);
  }
}

class Auth extends Context {
  constructor(id: u32, private root: AuthRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    if (same(stream_context.headers.request.get("authorization"), this.root.expected)) {
      return FilterHeadersStatusValues.Continue;
    }
    const headers = [makeHeaderPair("www-authenticate", "Bearer")];
    send_http_response(401, "no_token", String.UTF8.encode("a token is wanted\n"), headers);
    return FilterHeadersStatusValues.StopIteration;
  }
}

// Takes as long for a wrong token as for a right one, so that nobody finds it letter by letter.
function same(one: string, other: string): bool {
  if (one.length != other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference == 0;
}

registerRootContext((id: u32) => new AuthRoot(id), "auth");
