// The name under which filters include expressions.
#pragma once

#include "proxy_wasm_expr.h"
