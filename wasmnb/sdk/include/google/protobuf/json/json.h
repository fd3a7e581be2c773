// Today's name of the header.
#pragma once

#include "google/protobuf/util/json_util.h"
