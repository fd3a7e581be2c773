// Decimal fractions, in and out.
#include <stdio.h>
#include <stdlib.h>

#include "json.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

bool readNumber(std::string_view text, double* value) {
  *value = strtod(std::string(text).c_str(), nullptr);
  return !__builtin_isinf(*value);
}

}  // namespace

const NumberReader kNumberReader = {readNumber};

void putFraction(Kind kind, const void* value, std::string* out) {
  const bool narrow = kind == Kind::Float;
  const double number = narrow ? *static_cast<const float*>(value) : *static_cast<const double*>(value);
  if (__builtin_isnan(number)) {
    out->append("NaN");
    return;
  }
  if (__builtin_isinf(number)) {
    out->append(number < 0 ? "-Infinity" : "Infinity");
    return;
  }
  char digits[32];
  int size = 0;
  for (int precision = narrow ? 6 : 15; precision <= (narrow ? 9 : 17); ++precision) {
    size = snprintf(digits, sizeof digits, "%.*g", precision, number);
    const double again = strtod(digits, nullptr);
    if (narrow ? static_cast<float>(again) == static_cast<float>(number) : again == number) break;
  }
  out->append(digits, static_cast<size_t>(size));
  if (number == 0 && digits[0] == '-') out->append(".0");
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
