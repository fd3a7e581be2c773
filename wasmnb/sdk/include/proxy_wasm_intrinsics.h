// The Proxy-Wasm API for filters in C++ (ABI 0.2.1): callbacks and functions of today's SDK and of the SDK of 2020.
// Everything is declared here and compiled once, in the SDK's object, so that a filter compiles quickly.
#pragma once

#include <stdlib.h>
#include <string.h>

// Filters count on these through this header.
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proxy_wasm_api.h"

// A filter for a host's own process puts its classes between these; in a module they mean nothing.
#define START_WASM_PLUGIN(_name)
#define END_WASM_PLUGIN

// A function of the filter's own that the host may call: WASM_EXPORT(uint32_t, name, (uint32_t argument)) { ... }
#define WASM_EXPORT(_type, _name, _arguments) \
  extern "C" __attribute__((export_name(#_name), used, visibility("default"))) _type _name _arguments
