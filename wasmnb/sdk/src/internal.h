// What the SDK's sources share and a filter does not see.
#pragma once

#include "proxy_wasm_context.h"

#pragma GCC visibility push(hidden)

namespace proxy_wasm_internal {

// Writes a number in front of the array's end; gives its first digit.
const char* decimal(int32_t value, char (&digits)[12]);

// Which configuration getConfiguration() means: the VM's while onStart runs.
extern WasmBufferType current_configuration;

// Nodes by their number. It does not own them. A host counts, so that 10,000 open streams are chains of ten.
// Plain data, so that one may be static: a module's static objects are never destroyed.
class NodeTable {
 public:
  void insert(ProxyWasmNode* node);
  ProxyWasmNode* find(uint32_t key) { return *place(key); }
  ProxyWasmNode* take(uint32_t key);
  // Any node, taken out; null when there is none.
  ProxyWasmNode* takeAny();

 private:
  static constexpr uint32_t kChains = 1024;

  // Where the link to the node is, or would be.
  ProxyWasmNode** place(uint32_t key);

  ProxyWasmNode* chains_[kChains];
};

// Every context of the module, by its number.
class Contexts {
 public:
  static ContextBase* find(uint32_t id);
  static RootContext* findRoot(uint32_t id);
  static RootContext* newestRoot(StringView root_id);
  static void create(uint32_t id, uint32_t parent_id);
  static void destroy(uint32_t id);

 private:
  static RootContext* makeRoot(uint32_t id);
  static Context* makeContext(uint32_t id, RootContext* root);
};

// A call under way, and what is to happen when its answer comes. True from a callback means that it was the last.
class Call : public ProxyWasmNode {
 public:
  virtual ~Call();
  virtual bool onResponse(uint32_t headers, size_t body_size, uint32_t trailers);
  virtual void onInitialMetadata(uint32_t headers);
  virtual void onTrailingMetadata(uint32_t trailers);
  virtual bool onReceive(size_t body_size);
  virtual bool onClose(GrpcStatus status);

 private:
  friend class CallTable;
  bool running_ = false;
  bool dropped_ = false;
};

class CallTable {
 public:
  ~CallTable();
  void add(uint32_t token, Call* call);
  // Gives the call and marks that its callback runs: it then lives until leave.
  Call* enter(uint32_t token);
  void leave(Call* call, bool last);
  void drop(uint32_t token);

 private:
  NodeTable calls_;
};

// What a root context has when it made a call. It knows this class by its virtual functions alone, so that a filter
// without calls has no code for them.
class Calls {
 public:
  virtual ~Calls();
  virtual void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers);
  virtual void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers);
  virtual void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers);
  virtual void onGrpcReceive(uint32_t token, size_t body_size);
  virtual void onGrpcClose(uint32_t token, GrpcStatus status);

  CallTable http;
  CallTable grpc;
};

}  // namespace proxy_wasm_internal

#pragma GCC visibility pop
