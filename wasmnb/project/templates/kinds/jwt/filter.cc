// Lets a request pass only with a JSON Web Token that is signed (HS256), in its time, and meant for this service.
#include <array>
#include <cstring>

#include "proxy_wasm_intrinsics.h"
#include "proxy_wasm_json.h"

namespace {

using Block = std::array<uint8_t, 64>;
using Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4).
constexpr std::array<uint32_t, 64> ROUNDS = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t turned(uint32_t word, int bits) { return (word >> bits) | (word << (32 - bits)); }

void add(std::array<uint32_t, 8>* state, const Block& block) {
  std::array<uint32_t, 64> w;
  for (int i = 0; i < 16; ++i) {
    w[i] =
        static_cast<uint32_t>(block[4 * i]) << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    const uint32_t first = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const uint32_t second = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + first + w[i - 7] + second;
  }
  auto [a, b, c, d, e, f, g, h] = *state;
  for (int i = 0; i < 64; ++i) {
    const uint32_t one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + w[i];
    const uint32_t two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
  }
  const std::array<uint32_t, 8> more = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; ++i) (*state)[i] += more[i];
}

Digest sha256(StringView text) {
  std::array<uint32_t, 8> state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const uint64_t bits = static_cast<uint64_t>(text.size()) * 8;
  std::string padded(text);
  padded += '\x80';
  padded.append((120 - padded.size() % 64) % 64, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) padded += static_cast<char>(bits >> shift);
  for (size_t at = 0; at < padded.size(); at += 64) {
    Block block;
    memcpy(block.data(), padded.data() + at, block.size());
    add(&state, block);
  }
  Digest digest;
  for (int i = 0; i < 32; ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

StringView bytes(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

// HMAC with SHA-256 (RFC 2104).
Digest hmac(const std::string& key, StringView text) {
  std::string own = key.size() > 64 ? std::string(bytes(sha256(key))) : key;
  own.resize(64);
  std::string inner = own, outer = own;
  for (char& c : inner) c ^= 0x36;
  for (char& c : outer) c ^= 0x5c;
  return sha256(outer.append(bytes(sha256(inner.append(text)))));
}

// Takes as long for a wrong signature as for a right one, so that nobody finds it byte by byte.
bool same(StringView one, StringView other) {
  if (one.size() != other.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < one.size(); ++i) difference |= static_cast<unsigned char>(one[i] ^ other[i]);
  return difference == 0;
}

// Base64 for URLs, without padding (RFC 7515); false for what is none.
bool decode(StringView text, std::string* out) {
  constexpr StringView signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = signs.find(c);
    if (value == StringView::npos) return false;
    held = held << 6 | static_cast<uint32_t>(value);
    if ((bits += 6) >= 8) *out += static_cast<char>(held >> (bits -= 8));
  }
  return bits < 6 && (held & ((1u << bits) - 1)) == 0;
}

// What may stand in a header, and is read there as it is: spaces at its ends would be lost, and "ada " be ada.
bool is_plain(const std::string& text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return !text.empty() && text.front() != ' ' && text.back() != ' ';
}

}  // namespace

class JwtRoot : public RootContext {
 public:
  using RootContext::RootContext;

  bool onConfigure(size_t) override {
    const WasmDataPtr text = getConfiguration();
    const Json json = Json::parse(text->view());
    secret_ = json["secret"].string();
    audience_ = json["audience"].string();
    issuer_ = json["issuer"].string();
    leeway_ = json["leeway"].integer(0);
    // A shorter key than the digest is guessed sooner (RFC 7518, 3.2).
    if (secret_.size() < 32 || audience_.empty() || leeway_ < 0 || json.has("public-key")) {
      LOG_ERROR("the configuration wants a secret of 32 bytes or more, an audience, and a leeway of 0 or more");
      return false;
    }
    return true;
  }

  // Gives whom a token is of; empty when it is not good.
  std::string subject(StringView token) const {
    const size_t first = token.find('.'), last = token.rfind('.');
    if (first == last) return "";
    std::string header, claims, signature;
    if (!decode(token.substr(0, first), &header) || !decode(token.substr(first + 1, last - first - 1), &claims) ||
        !decode(token.substr(last + 1), &signature)) {
      return "";
    }
    const Json head = Json::parse(header);
    // The key says the algorithm, never the token; what is critical and unknown refuses it (RFC 7515, 4.1.11).
    if (head["alg"].string() != "HS256" || head.has("crit")) return "";
    if (!same(signature, bytes(hmac(secret_, token.substr(0, last))))) return "";
    const Json said = Json::parse(claims);
    const auto now = static_cast<int64_t>(getCurrentTimeNanoseconds() / 1000000000);
    // What is no whole number of seconds does not count as an end, nor as a beginning that was long ago.
    const int64_t begins = said.has("nbf") ? said["nbf"].integer(INT64_MAX) : 0;
    if (now - leeway_ >= said["exp"].integer(0) || now + leeway_ < begins) return "";
    if (!meant(said["aud"]) || (!issuer_.empty() && said["iss"].string() != issuer_)) return "";
    const std::string subject = said["sub"].string();
    return is_plain(subject) ? subject : "";
  }

 private:
  // One audience, or several.
  bool meant(const Json& audience) const {
    if (audience.isString()) return audience.view() == audience_;
    if (!audience.isArray()) return false;
    for (const Json& one : audience) {
      if (one.isString() && one.view() == audience_) return true;
    }
    return false;
  }

  std::string secret_, audience_, issuer_;
  int64_t leeway_ = 0;
};

class Jwt : public Context {
 public:
  using Context::Context;

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    constexpr StringView scheme = "Bearer ";
    const std::string given = getRequestHeader("authorization")->toString();
    const auto* settings = static_cast<JwtRoot*>(root());
    const bool bearer = given.compare(0, scheme.size(), scheme) == 0;
    const std::string subject = bearer ? settings->subject(StringView(given).substr(scheme.size())) : "";
    if (subject.empty()) {
      sendLocalResponse(401, "jwt", "a valid token is wanted\n",
                        {{"www-authenticate", "Bearer error=\"invalid_token\""}});
      return FilterHeadersStatus::StopIteration;
    }
    // All lines of that name go: nobody says himself who he is. To many frameworks an underscore there is a dash.
    for (const char* name : {"x-jwt-subject", "x_jwt_subject", "x-jwt_subject", "x_jwt-subject"}) {
      removeRequestHeader(name);
    }
    addRequestHeader("x-jwt-subject", subject);
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Jwt(CONTEXT_FACTORY(Jwt), ROOT_FACTORY(JwtRoot), "jwt");
