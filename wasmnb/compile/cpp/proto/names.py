"""What protobuf's C++ code calls things: the names that filters are written against."""

from __future__ import annotations

import re

__all__ = ["camel", "field", "flat", "full", "text"]

# Of C++17, and the alternative spellings of operators.
_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t class compl
const constexpr const_cast continue decltype default delete do double dynamic_cast else enum explicit export
extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr
operator or or_eq private protected public register reinterpret_cast return short signed sizeof static
static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename
union unsigned using virtual void volatile wchar_t while xor xor_eq NULL
"""
_KEYWORDS = frozenset(_WORDS.split())


def field(name: str) -> str:
    """Give the accessor's name of a field: lower case, and an underscore behind a word of C++."""
    word = name.lower()
    return f"{word}_" if word in _KEYWORDS else word


def camel(name: str) -> str:
    """Give ``HeaderName`` of ``header_name``."""
    return re.sub(r"(?:^|[^a-zA-Z0-9]|(?<=\d))([a-zA-Z])", lambda match: match[1].upper(), name).replace("_", "")


def flat(name: str, package: str) -> str:
    """Give the class or enumeration of a full name inside its namespace: ``Outer_Inner``."""
    inside = name.removeprefix(".").removeprefix(f"{package}." if package else "")
    word = inside.replace(".", "_")
    return f"{word}_" if word in _KEYWORDS else word


def full(name: str, package: str) -> str:
    """Give a class or enumeration with its namespace."""
    space = "".join(f"::{field(part) if part in _KEYWORDS else part}" for part in package.split(".") if part)
    return f"{space}::{flat(name, package)}"


def text(value: str) -> str:
    """Give a C++ string literal."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
