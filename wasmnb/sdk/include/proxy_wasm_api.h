// The whole API, by theme.
#pragma once

#include "proxy_wasm_context.h"
#include "proxy_wasm_data.h"
#include "proxy_wasm_grpc.h"
#include "proxy_wasm_host.h"
#include "proxy_wasm_log.h"
#include "proxy_wasm_metrics.h"
