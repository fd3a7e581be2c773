import {
  Context,
  FilterHeadersStatusValues,
  GrpcStatusValues,
  registerRootContext,
  RootContext,
  send_local_response,
  stream_context,
} from "@gcoredev/proxy-wasm-sdk-as/assembly";

class Root extends RootContext {
  createContext(id: u32): Context {
    return new Stream(id, this);
  }
}

class Stream extends Context {
  root: Root;
  evil: bool = false;

  constructor(id: u32, root: Root) {
    super(id, root);
    this.root = root;
  }

  onRequestHeaders(count: u32, last: bool): FilterHeadersStatusValues {
    const path = stream_context.headers.request.get(":path");
    this.evil = path.includes("!");
    if (!path.includes("^")) return FilterHeadersStatusValues.Continue;
    send_local_response(403, "", new ArrayBuffer(0), [], GrpcStatusValues.Unknown);
    return FilterHeadersStatusValues.StopIteration;
  }

  onResponseHeaders(count: u32, last: bool): FilterHeadersStatusValues {
    if (this.evil) unreachable();
    stream_context.headers.response.add("x-tag", "assemblyscript");
    const configuration = this.root.getConfiguration();
    if (configuration != "") stream_context.headers.response.add("x-config", configuration);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((id: u32) => new Root(id), "");
