// A callback of any kind. It takes, holds, copies and calls what std::function does; a filter that calls out
// instantiates it for its own lambda, and this one compiles in less time.
#pragma once

#include <type_traits>
#include <utility>

#pragma GCC visibility push(hidden)

template <typename Signature>
class ProxyWasmCallback;

template <typename Result, typename... Arguments>
class ProxyWasmCallback<Result(Arguments...)> {
 public:
  ProxyWasmCallback() = default;
  ProxyWasmCallback(decltype(nullptr)) {}
  template <typename F, typename = std::enable_if_t<!std::is_same_v<std::decay_t<F>, ProxyWasmCallback>>,
            typename = decltype(static_cast<Result>(std::declval<std::decay_t<F>&>()(std::declval<Arguments>()...)))>
  ProxyWasmCallback(F&& function) {
    using Kept = std::decay_t<F>;
    // A pointer or a std::function may be empty, and then so is this. A lambda without captures becomes a pointer too.
    constexpr bool kAsPointer = std::is_convertible_v<Kept&, Result (*)(Arguments...)>;
    if constexpr (std::is_pointer_v<Kept> || (std::is_constructible_v<bool, Kept&> && !kAsPointer)) {
      if (!static_cast<bool>(function)) return;
    }
    function_ = new Kept(std::forward<F>(function));
    call_ = [](void* kept, Arguments... arguments) -> Result {
      return static_cast<Result>((*static_cast<Kept*>(kept))(std::forward<Arguments>(arguments)...));
    };
    manage_ = [](void* kept, bool copy) -> void* {
      if (copy) return new Kept(*static_cast<const Kept*>(kept));
      delete static_cast<Kept*>(kept);
      return nullptr;
    };
  }
  ProxyWasmCallback(const ProxyWasmCallback& other)
      : function_(other.function_ == nullptr ? nullptr : other.manage_(other.function_, true)),
        call_(other.call_),
        manage_(other.manage_) {}
  ProxyWasmCallback(ProxyWasmCallback&& other) noexcept { swap(other); }
  ProxyWasmCallback& operator=(ProxyWasmCallback other) noexcept {
    swap(other);
    return *this;
  }
  ~ProxyWasmCallback() {
    if (function_ != nullptr) manage_(function_, false);
  }

  explicit operator bool() const { return function_ != nullptr; }
  Result operator()(Arguments... arguments) const { return call_(function_, std::forward<Arguments>(arguments)...); }

 private:
  void swap(ProxyWasmCallback& other) noexcept {
    std::swap(function_, other.function_);
    std::swap(call_, other.call_);
    std::swap(manage_, other.manage_);
  }

  void* function_ = nullptr;
  Result (*call_)(void*, Arguments...) = nullptr;
  void* (*manage_)(void*, bool copy) = nullptr;
};

#pragma GCC visibility pop
