// There is one kind of message here.
#pragma once

#include "google/protobuf/map.h"
#include "google/protobuf/message_lite.h"
#include "google/protobuf/repeated_field.h"

namespace google {
namespace protobuf {

using Message = MessageLite;

}  // namespace protobuf
}  // namespace google
