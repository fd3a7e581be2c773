import {
  BaseContext, BufferTypeValues, Context, continue_request, Counter, FilterDataStatusValues,
  FilterHeadersStatusValues, FilterTrailersStatusValues, get_buffer_bytes, get_shared_data, log, LogLevelValues,
  makeHeaderPair, registerRootContext, RootContext, send_local_response, set_buffer_bytes, set_shared_data,
  set_tick_period_milliseconds, stream_context, GrpcStatusValues,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  requests: Counter = new Counter("requests_seen");
  ticks: Counter = new Counter("ticks_seen");

  onConfigure(size: u32): bool {
    set_tick_period_milliseconds(20);
    return super.onConfigure(size);
  }
  onTick(): void {
    this.ticks.increment(1);
  }
  createContext(id: u32): Context {
    return new Stream(id, this);
  }
}

class Stream extends Context {
  root: Root;
  path: string = "";
  count: string = "";

  constructor(id: u32, root: Root) {
    super(id, root);
    this.root = root;
  }

  onRequestHeaders(headers: u32, last: bool): FilterHeadersStatusValues {
    const request = stream_context.headers.request;
    this.path = request.get(":path");
    this.root.requests.increment(1);
    request.add("x-seen", "yes");
    if (this.path == "/deny") {
      send_local_response(401, "denied", String.UTF8.encode("who are you?"), [makeHeaderPair("x-why", "no token")],
                          GrpcStatusValues.Ok);
      return FilterHeadersStatusValues.StopIteration;
    }
    if (this.path == "/call") return this.call("/inner", 5000);
    if (this.path == "/call/slow") return this.call("/slow", 50);
    if (this.path == "/count") this.count = count();
    if (this.path == "/levels") {
      log(LogLevelValues.trace, "said at trace");
      log(LogLevelValues.debug, "said at debug");
      log(LogLevelValues.info, "said at info");
      log(LogLevelValues.warn, "said at warn");
      log(LogLevelValues.error, "said at error");
      log(LogLevelValues.critical, "said at critical");
    }
    return FilterHeadersStatusValues.Continue;
  }

  call(path: string, patience: u32): FilterHeadersStatusValues {
    const headers = [makeHeaderPair(":method", "GET"), makeHeaderPair(":path", path), makeHeaderPair(":authority", "inner")];
    this.root_context.httpCall("http", headers, new ArrayBuffer(0), [], patience, this,
      (origin: BaseContext, count: u32, size: usize, trailers: u32) => {
        const status = stream_context.headers.http_callback.get(":status");
        stream_context.headers.request.add("x-inner", status);
        continue_request();
      });
    return FilterHeadersStatusValues.StopIteration;
  }

  onRequestBody(size: usize, last: bool): FilterDataStatusValues {
    if (this.path == "/upper") {
      if (!last) return FilterDataStatusValues.StopIterationAndBuffer;
      const body = String.UTF8.decode(get_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, size as u32));
      set_buffer_bytes(BufferTypeValues.HttpRequestBody, 0, size as u32, String.UTF8.encode(body.toUpperCase()));
    }
    if (this.path == "/append" && last) {
      set_buffer_bytes(BufferTypeValues.HttpRequestBody, size as u32, 0, String.UTF8.encode("-end"));
    }
    return FilterDataStatusValues.Continue;
  }

  onRequestTrailers(count: u32): FilterTrailersStatusValues {
    stream_context.trailers.request.add("x-added", "there");
    return FilterTrailersStatusValues.Continue;
  }

  onResponseHeaders(headers: u32, last: bool): FilterHeadersStatusValues {
    const response = stream_context.headers.response;
    response.add("hello", this.root_context.getConfiguration());
    response.add("你好", "六翁");
    if (this.count != "") response.add("x-count", this.count);
    if (this.path == "/answer") response.remove("content-length");
    return FilterHeadersStatusValues.Continue;
  }

  onResponseBody(size: usize, last: bool): FilterDataStatusValues {
    if (this.path != "/answer") return FilterDataStatusValues.Continue;
    if (!last) return FilterDataStatusValues.StopIterationAndBuffer;
    set_buffer_bytes(BufferTypeValues.HttpResponseBody, 0, size as u32, String.UTF8.encode(size.toString() + " bytes"));
    return FilterDataStatusValues.Continue;
  }

  onResponseTrailers(count: u32): FilterTrailersStatusValues {
    stream_context.trailers.response.add("x-added", "back");
    return FilterTrailersStatusValues.Continue;
  }
}

function count(): string {
  const found = get_shared_data("count");
  const number = found.value ? I32.parseInt(String.UTF8.decode(found.value!)) : 0;
  const text = (number + 1).toString();
  set_shared_data("count", String.UTF8.encode(text), found.cas);
  return text;
}

registerRootContext((id: u32) => new Root(id), "obedient");
