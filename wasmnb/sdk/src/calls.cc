// HTTP and gRPC calls by token.
#include <stdlib.h>

#include "proxy_wasm_host.h"

namespace {

// Pairs in the ABI's form, for as long as one call to the host.
class Block {
 public:
  explicit Block(const HeaderStringPairs& pairs) { exportPairs(pairs, &data, &size); }
  ~Block() { free(const_cast<char*>(data)); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const char* data;
  size_t size;
};

}  // namespace

WasmResult makeHttpCall(StringView cluster, const HeaderStringPairs& headers, StringView body,
                        const HeaderStringPairs& trailers, uint32_t timeout_milliseconds, uint32_t* token) {
  const Block header_block(headers);
  const Block trailer_block(trailers);
  return proxy_http_call(cluster.data(), cluster.size(), header_block.data, header_block.size, body.data(), body.size(),
                         trailer_block.data, trailer_block.size, timeout_milliseconds, token);
}

WasmResult grpcCall(StringView service, StringView service_name, StringView method_name,
                    const HeaderStringPairs& initial_metadata, StringView request, uint32_t timeout_milliseconds,
                    uint32_t* token) {
  const Block metadata(initial_metadata);
  return proxy_grpc_call(service.data(), service.size(), service_name.data(), service_name.size(), method_name.data(),
                         method_name.size(), metadata.data, metadata.size, request.data(), request.size(),
                         timeout_milliseconds, token);
}

WasmResult grpcStream(StringView service, StringView service_name, StringView method_name,
                      const HeaderStringPairs& initial_metadata, uint32_t* token) {
  const Block metadata(initial_metadata);
  return proxy_grpc_stream(service.data(), service.size(), service_name.data(), service_name.size(), method_name.data(),
                           method_name.size(), metadata.data, metadata.size, token);
}

WasmResult grpcSend(uint32_t token, StringView message, bool end_of_stream) {
  return proxy_grpc_send(token, message.data(), message.size(), end_of_stream);
}

WasmResult grpcCancel(uint32_t token) { return proxy_grpc_cancel(token); }

WasmResult grpcClose(uint32_t token) { return proxy_grpc_close(token); }
