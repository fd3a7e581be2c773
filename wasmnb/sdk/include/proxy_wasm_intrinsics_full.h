// The name under which filters that use protobuf include the API; messages are bytes here.
#pragma once

#include "proxy_wasm_intrinsics.h"
