// Replaces a text in the bodies of responses, also where it begins in one chunk and ends in another.
import {
  BufferTypeValues,
  Context,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  get_buffer_bytes,
  log,
  LogLevelValues,
  registerRootContext,
  RootContext,
  set_buffer_bytes,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { Settings } from "./json";

class BodyRewriteRoot extends RootContext {
  find: string = "";
  replace: string = "";

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const settings = Settings.parse(this.getConfiguration());
    if (settings != null) {
      this.find = settings.string("find", "");
      this.replace = settings.string("replace", "");
    }
    if (this.find == "") {
      log(LogLevelValues.error, "the configuration does not say what to find");
      return false;
    }
    return true;
  }

  createContext(id: u32): Context {
    return new BodyRewrite(id, this);
  }
}

class BodyRewrite extends Context {
  private plain: bool = false;

  constructor(id: u32, private root: BodyRewriteRoot) {
    super(id, root);
  }

  onRequestHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // A client that takes compressed bodies would get round the filter.
    stream_context.headers.request.remove("accept-encoding");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, endOfStream: bool): FilterHeadersStatusValues {
    // What is compressed has no text to be found.
    this.plain = stream_context.headers.response.get("content-encoding") == "";
    // The length is another one afterwards.
    if (this.plain) stream_context.headers.response.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseBody(size: usize, endOfStream: bool): FilterDataStatusValues {
    if (!this.plain) return FilterDataStatusValues.Continue;
    if (!endOfStream) return FilterDataStatusValues.StopIterationAndBuffer;
    const length = size as u32;
    const body = String.UTF8.decode(get_buffer_bytes(BufferTypeValues.HttpResponseBody, 0, length));
    if (body.includes(this.root.find)) {
      const changed = body.split(this.root.find).join(this.root.replace);
      set_buffer_bytes(BufferTypeValues.HttpResponseBody, 0, length, String.UTF8.encode(changed));
    }
    return FilterDataStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new BodyRewriteRoot(id), "body_rewrite");
