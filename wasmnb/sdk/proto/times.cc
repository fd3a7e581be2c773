// Durations and points in time as text.
#include "times.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

constexpr int64_t kMostSeconds = 315576000000;  // of a duration: ten thousand years
constexpr int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr int64_t kNanos = 1000000000;
constexpr int64_t kDay = 86400;

// Takes a number of exactly that many digits, or of any number of them for 0.
bool take(std::string_view* text, size_t digits, int64_t* value) {
  size_t count = 0;
  *value = 0;
  while (count < text->size() && (*text)[count] >= '0' && (*text)[count] <= '9' && (digits == 0 || count < digits)) {
    if (count > 17) return false;
    *value = *value * 10 + ((*text)[count++] - '0');
  }
  text->remove_prefix(count);
  return digits == 0 ? count != 0 : count == digits;
}

bool take(std::string_view* text, char letter) {
  if (text->empty() || (*text)[0] != letter) return false;
  text->remove_prefix(1);
  return true;
}

// The part of a second, when there is one: up to nine digits.
bool takeNanos(std::string_view* text, int64_t* nanos) {
  *nanos = 0;
  if (!take(text, '.')) return true;
  const size_t before = text->size();
  if (!take(text, 0, nanos)) return false;
  const size_t digits = before - text->size();
  for (size_t count = digits; count < 9; ++count) *nanos *= 10;
  return digits <= 9;
}

// Days since 1970-01-01 of a day in the Gregorian calendar, by counting years from March on.
int64_t daysOf(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = year / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t daysIn(int64_t year, int64_t month) {
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void put(int64_t value, int width, std::string* out) {
  char digits[24];
  int count = 0;
  for (; value != 0 || count < width; value /= 10) digits[count++] = static_cast<char>('0' + value % 10);
  while (count != 0) out->push_back(digits[--count]);
}

// In groups of three digits, as many as it takes.
void putNanos(int64_t nanos, std::string* out) {
  if (nanos == 0) return;
  int width = 9;
  for (; nanos % 1000 == 0; nanos /= 1000) width -= 3;
  out->push_back('.');
  put(nanos, width, out);
}

bool zone(std::string_view* text, int64_t* seconds) {
  *seconds = 0;
  if (take(text, 'Z')) return true;
  const bool minus = take(text, '-');
  if (!minus && !take(text, '+')) return false;
  int64_t hours;
  int64_t minutes;
  if (!take(text, 2, &hours) || !take(text, ':') || !take(text, 2, &minutes) || hours > 23 || minutes > 59)
    return false;
  *seconds = (hours * 60 + minutes) * (minus ? -60 : 60);
  return true;
}

}  // namespace

bool readDuration(std::string_view text, int64_t* seconds, int64_t* nanos) {
  const bool minus = take(&text, '-');
  if (!take(&text, 0, seconds) || !takeNanos(&text, nanos) || text != "s") return false;
  if (*seconds > kMostSeconds) return false;
  if (minus) {
    *seconds = -*seconds;
    *nanos = -*nanos;
  }
  return true;
}

bool putDuration(int64_t seconds, int64_t nanos, std::string* out) {
  const bool minus = seconds < 0 || nanos < 0;
  if (minus && (seconds > 0 || nanos > 0)) return false;
  if (minus) {
    seconds = -seconds;
    nanos = -nanos;
  }
  if (seconds > kMostSeconds || nanos >= kNanos) return false;
  out->append(minus ? "\"-" : "\"");
  put(seconds, 1, out);
  putNanos(nanos, out);
  out->append("s\"");
  return true;
}

bool readTimestamp(std::string_view text, int64_t* seconds, int64_t* nanos) {
  int64_t year;
  int64_t month;
  int64_t day;
  int64_t hour;
  int64_t minute;
  int64_t second;
  int64_t east;
  if (!take(&text, 4, &year) || !take(&text, '-') || !take(&text, 2, &month) || !take(&text, '-') ||
      !take(&text, 2, &day) || !take(&text, 'T') || !take(&text, 2, &hour) || !take(&text, ':') ||
      !take(&text, 2, &minute) || !take(&text, ':') || !take(&text, 2, &second) || !takeNanos(&text, nanos) ||
      !zone(&text, &east) || !text.empty()) {
    return false;
  }
  if (year == 0 || month == 0 || month > 12 || day == 0 || day > daysIn(year, month) || hour > 23 || minute > 59 ||
      second > 59) {
    return false;
  }
  *seconds = daysOf(year, month, day) * kDay + hour * 3600 + minute * 60 + second - east;
  return *seconds >= kFirstSecond && *seconds <= kLastSecond;
}

bool putTimestamp(int64_t seconds, int64_t nanos, std::string* out) {
  if (seconds < kFirstSecond || seconds > kLastSecond || nanos < 0 || nanos >= kNanos) return false;
  // Years are found from below: the average one is a little longer than 365 days.
  const int64_t days = (seconds - kFirstSecond) / kDay + daysOf(1, 1, 1);
  const int64_t rest = (seconds - kFirstSecond) % kDay;
  int64_t year = 1970 + days / 366 - (days < 0 ? 2 : 0);
  while (daysOf(year + 1, 1, 1) <= days) ++year;
  while (daysOf(year, 1, 1) > days) --year;
  int64_t month = 1;
  while (month < 12 && daysOf(year, month + 1, 1) <= days) ++month;
  out->push_back('"');
  put(year, 4, out);
  out->push_back('-');
  put(month, 2, out);
  out->push_back('-');
  put(days - daysOf(year, month, 1) + 1, 2, out);
  out->push_back('T');
  put(rest / 3600, 2, out);
  out->push_back(':');
  put(rest / 60 % 60, 2, out);
  out->push_back(':');
  put(rest % 60, 2, out);
  putNanos(nanos, out);
  out->append("Z\"");
  return true;
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
