// Durations and points in time as text: "1.5s", "2020-03-31T10:10:07Z" (RFC 3339).
#pragma once

#include "internal.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace internal {

// False when the text is none, or out of the range of its type.
bool readDuration(std::string_view text, int64_t* seconds, int64_t* nanos);
bool readTimestamp(std::string_view text, int64_t* seconds, int64_t* nanos);
// These put the text in quotes.
bool putDuration(int64_t seconds, int64_t nanos, std::string* out);
bool putTimestamp(int64_t seconds, int64_t nanos, std::string* out);

}  // namespace internal
}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
