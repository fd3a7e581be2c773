// The name under which filters that use protobuf include the API: with GrpcService and the well-known types.
#pragma once

#include "google/protobuf/any.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_intrinsics.pb.h"
