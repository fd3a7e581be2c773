// The 39 functions that a host of the Proxy-Wasm ABI 0.2.1 gives to a module, and the four of 0.1.0 that filters of
// 2020 call (those are the SDK's own: a 0.2.1 host does not have them).
#pragma once

#include "proxy_wasm_common.h"

// The import is named in the object file, so that the linker takes exactly these as the host's and no misspelt ones.
#define PROXY_WASM_HOST(name) extern "C" __attribute__((import_module("env"), import_name(#name))) WasmResult name

// Logging, time, timer
PROXY_WASM_HOST(proxy_log)(LogLevel level, const char* message, size_t message_size);
PROXY_WASM_HOST(proxy_get_log_level)(LogLevel* level);
PROXY_WASM_HOST(proxy_get_current_time_nanoseconds)(uint64_t* nanoseconds);
PROXY_WASM_HOST(proxy_set_tick_period_milliseconds)(uint32_t milliseconds);

// Life cycle
PROXY_WASM_HOST(proxy_set_effective_context)(uint32_t context_id);
PROXY_WASM_HOST(proxy_done)();
PROXY_WASM_HOST(proxy_get_status)(uint32_t* code, const char** message, size_t* message_size);

// Properties
PROXY_WASM_HOST(proxy_get_property)(const char* path, size_t path_size, const char** value, size_t* value_size);
PROXY_WASM_HOST(proxy_set_property)(const char* path, size_t path_size, const char* value, size_t value_size);

// Streams
PROXY_WASM_HOST(proxy_continue_stream)(WasmStreamType stream);
PROXY_WASM_HOST(proxy_close_stream)(WasmStreamType stream);
PROXY_WASM_HOST(proxy_send_local_response)(uint32_t code, const char* details, size_t details_size, const char* body,
                                           size_t body_size, const char* header_pairs, size_t header_pairs_size,
                                           uint32_t grpc_status);

// Headers, trailers and metadata
PROXY_WASM_HOST(proxy_get_header_map_size)(WasmHeaderMapType map, size_t* size);
PROXY_WASM_HOST(proxy_get_header_map_pairs)(WasmHeaderMapType map, const char** pairs, size_t* pairs_size);
PROXY_WASM_HOST(proxy_set_header_map_pairs)(WasmHeaderMapType map, const char* pairs, size_t pairs_size);
PROXY_WASM_HOST(proxy_get_header_map_value)(WasmHeaderMapType map, const char* key, size_t key_size, const char** value,
                                            size_t* value_size);
PROXY_WASM_HOST(proxy_add_header_map_value)(WasmHeaderMapType map, const char* key, size_t key_size, const char* value,
                                            size_t value_size);
PROXY_WASM_HOST(proxy_replace_header_map_value)(WasmHeaderMapType map, const char* key, size_t key_size,
                                                const char* value, size_t value_size);
PROXY_WASM_HOST(proxy_remove_header_map_value)(WasmHeaderMapType map, const char* key, size_t key_size);

// Buffers
PROXY_WASM_HOST(proxy_get_buffer_bytes)(WasmBufferType buffer, size_t start, size_t length, const char** bytes,
                                        size_t* bytes_size);
PROXY_WASM_HOST(proxy_get_buffer_status)(WasmBufferType buffer, size_t* size, uint32_t* flags);
PROXY_WASM_HOST(proxy_set_buffer_bytes)(WasmBufferType buffer, size_t start, size_t length, const char* bytes,
                                        size_t bytes_size);

// HTTP and gRPC calls
PROXY_WASM_HOST(proxy_http_call)(const char* cluster, size_t cluster_size, const void* header_pairs,
                                 size_t header_pairs_size, const char* body, size_t body_size,
                                 const void* trailer_pairs, size_t trailer_pairs_size, uint32_t timeout_milliseconds,
                                 uint32_t* token);
PROXY_WASM_HOST(proxy_grpc_call)(const char* service, size_t service_size, const char* service_name,
                                 size_t service_name_size, const char* method, size_t method_size,
                                 const void* metadata_pairs, size_t metadata_pairs_size, const char* request,
                                 size_t request_size, uint32_t timeout_milliseconds, uint32_t* token);
PROXY_WASM_HOST(proxy_grpc_stream)(const char* service, size_t service_size, const char* service_name,
                                   size_t service_name_size, const char* method, size_t method_size,
                                   const void* metadata_pairs, size_t metadata_pairs_size, uint32_t* token);
PROXY_WASM_HOST(proxy_grpc_send)(uint32_t token, const char* message, size_t message_size, uint32_t end_of_stream);
PROXY_WASM_HOST(proxy_grpc_cancel)(uint32_t token);
PROXY_WASM_HOST(proxy_grpc_close)(uint32_t token);

// Shared data and queues
PROXY_WASM_HOST(proxy_get_shared_data)(const char* key, size_t key_size, const char** value, size_t* value_size,
                                       uint32_t* cas);
PROXY_WASM_HOST(proxy_set_shared_data)(const char* key, size_t key_size, const char* value, size_t value_size,
                                       uint32_t cas);
PROXY_WASM_HOST(proxy_register_shared_queue)(const char* name, size_t name_size, uint32_t* token);
PROXY_WASM_HOST(proxy_resolve_shared_queue)(const char* vm_id, size_t vm_id_size, const char* name, size_t name_size,
                                            uint32_t* token);
PROXY_WASM_HOST(proxy_enqueue_shared_queue)(uint32_t token, const char* data, size_t data_size);
PROXY_WASM_HOST(proxy_dequeue_shared_queue)(uint32_t token, const char** data, size_t* data_size);

// Metrics
PROXY_WASM_HOST(proxy_define_metric)(MetricType type, const char* name, size_t name_size, uint32_t* metric_id);
PROXY_WASM_HOST(proxy_increment_metric)(uint32_t metric_id, int64_t offset);
PROXY_WASM_HOST(proxy_record_metric)(uint32_t metric_id, uint64_t value);
PROXY_WASM_HOST(proxy_get_metric)(uint32_t metric_id, uint64_t* value);

// Functions that only some hosts have, by name
PROXY_WASM_HOST(proxy_call_foreign_function)(const char* name, size_t name_size, const char* arguments,
                                             size_t arguments_size, char** results, size_t* results_size);

#undef PROXY_WASM_HOST

#pragma GCC visibility push(hidden)
extern "C" WasmResult proxy_get_configuration(const char** configuration, size_t* configuration_size);
extern "C" WasmResult proxy_continue_request();
extern "C" WasmResult proxy_continue_response();
extern "C" WasmResult proxy_clear_route_cache();
#pragma GCC visibility pop
