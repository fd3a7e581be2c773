// Points in time and durations as numbers and as text.
#pragma once

#include <ctime>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"

#pragma GCC visibility push(hidden)

namespace google {
namespace protobuf {
namespace util {

class TimeUtil {
 public:
  static constexpr int64_t kTimestampMinSeconds = -62135596800;
  static constexpr int64_t kTimestampMaxSeconds = 253402300799;
  static constexpr int64_t kDurationMaxSeconds = 315576000000;
  static constexpr int64_t kDurationMinSeconds = -kDurationMaxSeconds;

  static Timestamp NanosecondsToTimestamp(int64_t value) { return point(value / kSecond, value % kSecond); }
  static Timestamp MicrosecondsToTimestamp(int64_t value) { return point(value / 1000000, value % 1000000 * 1000); }
  static Timestamp MillisecondsToTimestamp(int64_t value) { return point(value / 1000, value % 1000 * 1000000); }
  static Timestamp SecondsToTimestamp(int64_t value) { return point(value, 0); }
  static Timestamp TimeTToTimestamp(time_t value) { return point(value, 0); }
  static int64_t TimestampToNanoseconds(const Timestamp& value) { return value.seconds() * kSecond + value.nanos(); }
  static int64_t TimestampToMicroseconds(const Timestamp& value) {
    return value.seconds() * 1000000 + value.nanos() / 1000;
  }
  static int64_t TimestampToMilliseconds(const Timestamp& value) {
    return value.seconds() * 1000 + value.nanos() / 1000000;
  }
  static int64_t TimestampToSeconds(const Timestamp& value) { return value.seconds(); }
  static time_t TimestampToTimeT(const Timestamp& value) { return static_cast<time_t>(value.seconds()); }
  static Timestamp GetEpoch() { return {}; }
  static Timestamp GetCurrentTime() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return point(now.tv_sec, now.tv_nsec);
  }

  static Duration NanosecondsToDuration(int64_t value) { return span(value / kSecond, value % kSecond); }
  static Duration MicrosecondsToDuration(int64_t value) { return span(value / 1000000, value % 1000000 * 1000); }
  static Duration MillisecondsToDuration(int64_t value) { return span(value / 1000, value % 1000 * 1000000); }
  static Duration SecondsToDuration(int64_t value) { return span(value, 0); }
  static Duration MinutesToDuration(int64_t value) { return span(value * 60, 0); }
  static Duration HoursToDuration(int64_t value) { return span(value * 3600, 0); }
  static int64_t DurationToNanoseconds(const Duration& value) { return value.seconds() * kSecond + value.nanos(); }
  static int64_t DurationToMicroseconds(const Duration& value) {
    return value.seconds() * 1000000 + value.nanos() / 1000;
  }
  static int64_t DurationToMilliseconds(const Duration& value) {
    return value.seconds() * 1000 + value.nanos() / 1000000;
  }
  static int64_t DurationToSeconds(const Duration& value) { return value.seconds(); }
  static int64_t DurationToMinutes(const Duration& value) { return value.seconds() / 60; }
  static int64_t DurationToHours(const Duration& value) { return value.seconds() / 3600; }

  // Such as "2020-03-31T10:10:07Z", and "1.5s"; empty for what is out of range.
  static std::string ToString(const Timestamp& value) { return text(value); }
  static std::string ToString(const Duration& value) { return text(value); }
  // False when the text is none; value is undefined then.
  static bool FromString(std::string_view text, Timestamp* value) { return read(text, value); }
  static bool FromString(std::string_view text, Duration* value) { return read(text, value); }

 private:
  static constexpr int64_t kSecond = 1000000000;

  // A point's nanoseconds count forward, also before 1970.
  static Timestamp point(int64_t seconds, int64_t nanos) {
    Timestamp made;
    made.set_seconds(seconds - (nanos < 0 ? 1 : 0));
    made.set_nanos(static_cast<int32_t>(nanos < 0 ? nanos + kSecond : nanos));
    return made;
  }
  // Both parts have the same sign.
  static Duration span(int64_t seconds, int64_t nanos) {
    Duration made;
    made.set_seconds(seconds);
    made.set_nanos(static_cast<int32_t>(nanos));
    return made;
  }
  static std::string text(const Message& value) {
    std::string quoted;
    if (!MessageToJsonString(value, &quoted).ok() || quoted.size() < 2) return "";
    return quoted.substr(1, quoted.size() - 2);
  }
  static bool read(std::string_view text, Message* value) {
    if (text.find_first_of("\"\\") != std::string_view::npos) return false;
    return JsonStringToMessage("\"" + std::string(text) + "\"", value).ok();
  }
};

}  // namespace util

// Differences and sums, and which is earlier or shorter.
inline Duration operator-(const Timestamp& one, const Timestamp& other) {
  return util::TimeUtil::NanosecondsToDuration(util::TimeUtil::TimestampToNanoseconds(one) -
                                               util::TimeUtil::TimestampToNanoseconds(other));
}
inline Timestamp operator+(const Timestamp& one, const Duration& other) {
  return util::TimeUtil::NanosecondsToTimestamp(util::TimeUtil::TimestampToNanoseconds(one) +
                                                util::TimeUtil::DurationToNanoseconds(other));
}
inline Timestamp operator-(const Timestamp& one, const Duration& other) {
  return util::TimeUtil::NanosecondsToTimestamp(util::TimeUtil::TimestampToNanoseconds(one) -
                                                util::TimeUtil::DurationToNanoseconds(other));
}
inline bool operator<(const Timestamp& one, const Timestamp& other) {
  return one.seconds() != other.seconds() ? one.seconds() < other.seconds() : one.nanos() < other.nanos();
}
inline bool operator>(const Timestamp& one, const Timestamp& other) { return other < one; }
inline bool operator==(const Timestamp& one, const Timestamp& other) { return !(one < other) && !(other < one); }
inline bool operator<(const Duration& one, const Duration& other) {
  return one.seconds() != other.seconds() ? one.seconds() < other.seconds() : one.nanos() < other.nanos();
}
inline bool operator>(const Duration& one, const Duration& other) { return other < one; }
inline bool operator==(const Duration& one, const Duration& other) { return !(one < other) && !(other < one); }

}  // namespace protobuf
}  // namespace google

#pragma GCC visibility pop
