// What the tables of the well-known types name.
#pragma once

#include "json.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

extern const WellKnown kAnyJson;
extern const WellKnown kDurationJson;
extern const WellKnown kFieldMaskJson;
extern const WellKnown kListValueJson;
extern const WellKnown kStructJson;
extern const WellKnown kTimestampJson;
extern const WellKnown kValueJson;
extern const WellKnown kWrapperJson;

}  // namespace internal
}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
