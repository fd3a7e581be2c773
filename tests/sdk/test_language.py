"""What of C++ works in a filter, what the compiler refuses, and the heap underneath."""

from __future__ import annotations

import pytest

from tests.sdk.harness import PRELUDE, build
from wasmnb.errors import CompileError, LinkError

LIBRARY = """
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <typeinfo>
#include <unordered_map>
#include <variant>

struct Shape { virtual ~Shape() = default; };
struct Circle : Shape { int radius = 5; };
struct Other { virtual ~Other() = default; };
struct Both : Circle, Other {};
thread_local int per_thread = 3;
static std::map<int, std::string> made_at_start = {{1, "one"}};
static std::string& once() { static std::string text = "made once"; return text; }

class Library : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    std::cmatch match;
    tell("regex", std::regex_search("key=value", match, std::regex("(\\\\\\\\w+)=(\\\\\\\\w+)")) ? match[2].str() : "");
    std::cout << "cout " << std::hex << 255 << std::endl;
    std::cerr << "cerr" << std::endl;
    printf("printf %d %s %.2f\\\\n", 42, "text", 1.5);
    std::ostringstream stream;
    stream << std::setw(5) << std::setfill('0') << 42;
    tell("sstream", stream.str());
    std::unique_ptr<Shape> shape = std::make_unique<Both>();
    tell("dynamic_cast", dynamic_cast<Circle*>(shape.get())->radius);
    tell("cross cast", dynamic_cast<Other*>(shape.get()) != nullptr);
    tell("failing cast", dynamic_cast<Both*>(std::make_unique<Circle>().get()) == nullptr);
    tell("typeid", typeid(*shape) == typeid(Both));
    tell("start", made_at_start[1]);
    tell("once", once());
    std::set<int> numbers = {3, 1, 2};
    std::vector<int> sorted(numbers.rbegin(), numbers.rend());
    std::sort(sorted.begin(), sorted.end());
    tell("sorted", sorted.front());
    std::unordered_map<std::string, std::variant<int, std::string>> variants = {{"a", 1}, {"b", "two"}};
    tell("variant", std::get<std::string>(variants["b"]));
    std::atomic<int> atomic = per_thread;
    tell("atomic", ++atomic);
    tell("chrono", std::chrono::system_clock::now().time_since_epoch() > std::chrono::hours(24 * 365 * 50));
    tell("steady", std::chrono::steady_clock::now().time_since_epoch().count() > 0);
    tell("random", std::random_device()() != std::random_device()() || std::mt19937(1)() != 0);
    tell("locale", std::toupper('a', std::locale::classic()) == 'A');
    auto shared = std::make_shared<std::function<int(int)>>([](int x) { return 2 * x; });
    tell("function", (*shared)(21));
    struct alignas(64) Wide { char bytes[64]; };
    tell("aligned", reinterpret_cast<uintptr_t>(std::make_unique<Wide>().get()) % 64 == 0);
    std::vector<char> large(64 << 20, 'x');
    tell("large", std::count(large.begin(), large.end(), 'x') == 64 << 20);
    return answer();
  }
};
static RegisterContextFactory register_Library(CONTEXT_FACTORY(Library));
""".replace("\\\\", "\\")


@pytest.mark.parametrize("standard", ["c++17", "c++20", "c++23"])
def test_the_standard_library_works(start, standard):
    proxy = start(PRELUDE + LIBRARY, f"-std={standard}")
    told = proxy.request().told
    assert (told.pop("regex"), told.pop("sstream"), told.pop("dynamic_cast")) == ("value", "00042", "5")
    assert (told.pop("start"), told.pop("once"), told.pop("variant")) == ("one", "made once", "two")
    assert (told.pop("atomic"), told.pop("function")) == ("4", "42")
    assert set(told.values()) == {"1"}, told
    log = proxy.log()
    for line in ("cout ff", "cerr", "printf 42 text 1.50"):
        assert line in log


def test_today_s_language_works(start):
    source = """
#include <expected>
#include <format>
#include <ranges>
#include <span>
class Today : public Context {
 public:
  using Context::Context;
  static std::expected<int, std::string> half(int x) {
    if (x % 2) return std::unexpected("odd");
    return x / 2;
  }
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    tell("format", std::format("{:>5}|{:x}", "a", 255));
    tell("expected", half(3).error());
    int sum = 0;
    for (int x : std::views::iota(1, 4) | std::views::transform([](int x) { return x * x; })) sum += x;
    tell("ranges", static_cast<uint64_t>(sum));
    return answer();
  }
};
static RegisterContextFactory register_Today(CONTEXT_FACTORY(Today));
"""
    told = start(PRELUDE + source, "-std=c++23").request().told
    assert told == {"format": "    a|ff", "expected": "odd", "ranges": "14"}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("throw 1;", "cannot use 'throw' with exceptions disabled"),
        ('try { logInfo(""); } catch (...) {}', "cannot use 'try' with exceptions disabled"),
    ],
)
def test_exceptions_are_a_compile_error(statement, reason):
    with pytest.raises(CompileError) as caught:
        build("throws", PRELUDE + f"void thrower() {{ {statement} }}")
    assert any(reason in diagnostic.message for diagnostic in caught.value.diagnostics)


def test_a_host_function_that_does_not_exist_is_a_link_error():
    source = 'extern "C" WasmResult proxy_ad_header(); WASM_EXPORT(void, mine, ()) { proxy_ad_header(); }'
    with pytest.raises(LinkError, match="proxy_ad_header"):
        build("typo", PRELUDE + source)


EXPORTED = """
START_WASM_PLUGIN(Exported)
WASM_EXPORT(uint32_t, my_function, (uint32_t number)) { return number + 1; }
class Exported : public Context { public: using Context::Context; void onLog() override {} };
static RegisterContextFactory register_Exported(CONTEXT_FACTORY(Exported));
END_WASM_PLUGIN
"""


@pytest.mark.parametrize("header", ["proxy_wasm_intrinsics_lite.h", "proxy_wasm_intrinsics_full.h"])
def test_the_alias_headers_and_plugin_macros_work(header):
    exports = {export.name for export in build("exports", f'#include "{header}"{EXPORTED}').facts.exports}
    assert {"my_function", "malloc", "_initialize", "proxy_abi_version_0_2_1"} <= exports
    assert "__main_void" not in exports


HEAP = """
// The compiler may leave out an allocation that it sees through.
static void* (*volatile get)(size_t) = malloc;
static void* (*volatile get_zeroed)(size_t, size_t) = calloc;
static void* (*volatile resize)(void*, size_t) = realloc;
class Heap : public RootContext {
 public:
  using RootContext::RootContext;
  struct Piece { unsigned char* bytes; size_t size; unsigned char mark; };
  uint32_t state_ = 12345;
  uint32_t random() { state_ ^= state_ << 13; state_ ^= state_ >> 17; state_ ^= state_ << 5; return state_; }
  size_t size() { return random() % (size_t{1} << (random() % 17)); }
  bool right(const Piece& piece) {
    for (size_t i = 0; i < piece.size; ++i) if (piece.bytes[i] != piece.mark) return false;
    return true;
  }
  bool onConfigure(size_t) override {
    std::vector<Piece> pieces(300, Piece{nullptr, 0, 0});
    size_t most = 0;
    for (int round = 0; round < 60000; ++round) {
      Piece& piece = pieces[random() % pieces.size()];
      if (!right(piece)) { logError("heap: bytes changed"); return false; }
      const size_t size = this->size();
      const size_t old = piece.size;
      switch (random() % 4) {
        case 0: free(piece.bytes); piece.bytes = static_cast<unsigned char*>(get(size)); break;
        case 1: free(piece.bytes); piece.bytes = static_cast<unsigned char*>(get_zeroed(size, 1));
          for (size_t i = 0; i < size; ++i) if (piece.bytes[i] != 0) { logError("heap: no zero"); return false; }
          break;
        case 2: piece.bytes = static_cast<unsigned char*>(resize(piece.bytes, size));
          for (size_t i = 0; i < size && i < old; ++i)
            if (piece.bytes[i] != piece.mark) { logError("heap: not moved"); return false; }
          break;
        default: {
          free(piece.bytes);
          const size_t alignment = size_t{32} << random() % 8;
          piece.bytes = static_cast<unsigned char*>(aligned_alloc(alignment, size));
          if (reinterpret_cast<uintptr_t>(piece.bytes) % alignment) { logError("heap: alignment"); return false; }
        }
      }
      if (reinterpret_cast<uintptr_t>(piece.bytes) % 16) { logError("heap: not 16"); return false; }
      piece.size = size;
      piece.mark = static_cast<unsigned char>(random());
      memset(piece.bytes, piece.mark, size);
      size_t now = 0;
      for (const Piece& each : pieces) now += each.size;
      if (now > most) most = now;
    }
    for (Piece& piece : pieces) free(piece.bytes);
    const size_t pages = __builtin_wasm_memory_size(0);
    // All that was freed is one piece again: it can be had at once, without more memory.
    free(get(pages * 65536 - 1024 * 1024));
    logInfo("heap right, " + std::to_string(__builtin_wasm_memory_size(0) - pages) + " pages more, " +
            (pages * 65536 < 3 * most + 2 * 1024 * 1024 ? "lean" : "wasteful"));
    void* aligned = nullptr;
    logInfo("limits " + std::to_string(get(SIZE_MAX) == nullptr) + std::to_string(get_zeroed(SIZE_MAX, 2) == nullptr) +
            std::to_string(resize(nullptr, SIZE_MAX) == nullptr) +
            std::to_string(posix_memalign(&aligned, 3, 1) != 0) +
            std::to_string(posix_memalign(&aligned, 4096, 10)) +
            std::to_string(reinterpret_cast<uintptr_t>(aligned) % 4096));
    return true;
  }
};
static RegisterContextFactory register_Heap(ROOT_FACTORY(Heap));
"""


def test_the_heap_keeps_what_it_is_given_and_gives_it_back(start):
    log = start(PRELUDE + HEAP).log()
    assert "heap right, 0 pages more, lean" in log
    assert "limits 111100" in log
