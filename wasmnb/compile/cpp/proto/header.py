"""The ``.pb.h`` of a ``.proto`` file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.compile.cpp.proto import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.compile.cpp.proto.model import Enum, Field, File, Message

__all__ = ["header", "member_type", "spaces"]

_BASE = "::google::protobuf::"
# What the classes of some well-known types can do beside.
_MORE = {
    "google.protobuf.Any": """\
  // With the name of the message's type behind the prefix.
  bool PackFrom(const MessageLite& message, std::string_view prefix = "type.googleapis.com/");
  bool UnpackTo(MessageLite* message) const;
  template <typename T>
  bool Is() const {
    return isOf(T().GetTypeName());
  }
  bool isOf(std::string_view name) const;
""",
}


def header(file: File) -> str:
    """Write the header.

    Parameters
    ----------
    file : File

    Returns
    -------
    str
    """
    lines = [f"// Messages of {file.path}.", "#pragma once", "", '#include "google/protobuf/message.h"']
    lines += [f'#include "{path.removesuffix(".proto")}.pb.h"' for path in file.imports]
    lines += ["", "#pragma GCC visibility push(hidden)", "", *spaces(file, "{"), ""]
    lines += [f"class {message.cpp};" for message in file.messages]
    for enum in file.enums:
        lines += ["", *_enum(enum)]
    for message in file.messages:
        lines += ["", *_class(file, message)]
    lines += ["", *spaces(file, "}"), "", "#pragma GCC visibility pop", ""]
    return "\n".join(lines)


def spaces(file: File, bracket: str) -> list[str]:
    """Open or close the file's namespaces."""
    parts = [names.full(part, "").removeprefix("::") for part in file.package.split(".") if part]
    if bracket == "{":
        return [f"namespace {part} {{" for part in parts]
    return [f"}}  // namespace {part}" for part in reversed(parts)]


def member_type(field: Field) -> str:
    """Give the type of a field's member."""
    if field.shape == "Map":
        key, value = field.map
        return f"{_BASE}Map<{key.cpp}, {value.cpp}>"
    if field.shape in ("Repeated", "Packed"):
        pointers = field.kind in ("String", "Bytes", "Message")
        return f"{_BASE}Repeated{'Ptr' if pointers else ''}Field<{field.cpp}>"
    return f"{_BASE}MessageLite*" if field.kind == "Message" else field.cpp


def _enum(enum: Enum) -> Iterator[str]:
    yield f"enum {enum.cpp} : int {{"
    for name, number in enum.values:
        yield f"  {enum.value(name)} = {_number(number)},"
    yield "};"
    numbers = [number for _, number in enum.values]
    by_number = {number: name for name, number in reversed(enum.values)}
    yield f"extern const {_BASE}internal::EnumTable {enum.cpp}_table;"
    yield f"constexpr {enum.cpp} {enum.cpp}_MIN = {enum.value(by_number[min(numbers)])};"
    yield f"constexpr {enum.cpp} {enum.cpp}_MAX = {enum.value(by_number[max(numbers)])};"
    if enum.countable:
        yield f"constexpr int {enum.cpp}_ARRAYSIZE = {enum.cpp}_MAX + 1;"
    table = f"{enum.cpp}_table"
    yield f"inline bool {enum.cpp}_IsValid(int value) {{ return {_BASE}internal::isValid({table}, value); }}"
    yield f"inline const std::string& {enum.cpp}_Name(int value) {{ return {_BASE}internal::nameOf({table}, value); }}"
    yield f"inline bool {enum.cpp}_Parse(std::string_view name, {enum.cpp}* value) {{"
    yield "  int number;"
    yield f"  if (!{_BASE}internal::valueOf({table}, name, &number)) return false;"
    yield f"  *value = static_cast<{enum.cpp}>(number);"
    yield "  return true;"
    yield "}"


def _number(number: int) -> str:
    # There is no literal for the least number.
    return "-2147483647 - 1" if number == -(2**31) else str(number)


def _class(file: File, message: Message) -> Iterator[str]:
    own = message.cpp
    yield f"class {own} final : public {_BASE}Message {{"
    yield " public:"
    yield from _nested(file, message)
    if message.fields:
        numbers = ", ".join(f"{item.constant}FieldNumber = {item.number}" for item in message.fields)
        yield f"  enum : int {{ {numbers} }};"
    for oneof in message.oneofs:
        cases = [f"{item.constant} = {item.number}" for item in message.fields if item.oneof == oneof]
        yield f"  enum {names.camel(oneof)}Case {{ {', '.join(cases)}, {oneof.upper()}_NOT_SET = 0 }};"
    yield f"  {own}();"
    yield f"  {own}(const {own}& other) : {own}() {{ MergeFrom(other); }}"
    yield f"  {own}({own}&& other) noexcept : {own}() {{ swapWith(&other); }}"
    yield f"  {own}& operator=(const {own}& other) {{"
    yield "    CopyFrom(other);"
    yield "    return *this;"
    yield "  }"
    yield f"  {own}& operator=({own}&& other) noexcept {{"
    yield "    swapWith(&other);"
    yield "    return *this;"
    yield "  }"
    yield f"  ~{own}() override;"
    yield f"  static const {own}& default_instance();"
    yield f"  {own}* New() const {{ return new {own}; }}"
    yield f"  void Swap({own}* other) {{ swapWith(other); }}"
    yield f"  friend void swap({own}& one, {own}& other) {{ one.swapWith(&other); }}"
    yield from _MORE.get(message.full_name, "").splitlines()
    for item in message.fields:
        yield ""
        yield from _accessors(item)
    for oneof in message.oneofs:
        yield ""
        case = f"{names.camel(oneof)}Case"
        yield f"  {case} {oneof}_case() const {{ return static_cast<{case}>({oneof}_case_); }}"
        yield f"  void clear_{oneof}();"
    yield ""
    yield f"  static const {_BASE}internal::Table proxy_wasm_table;"
    yield ""
    yield " private:"
    if message.fields:
        yield f"  static const {_BASE}internal::Field proxy_wasm_fields[];"
    for oneof in message.oneofs:
        yield f"  void use_{oneof}_(uint32_t number);"
    for item in message.fields:
        start = "" if member_type(item).startswith(("std::", f"{_BASE}Rep", f"{_BASE}Map")) else "{}"
        yield f"  {member_type(item)} {item.member}{start};"
        if item.shape == "Optional":
            yield f"  bool has_{item.member} = false;"
    for oneof in message.oneofs:
        yield f"  uint32_t {oneof}_case_ = 0;"
    yield "};"


def _nested(file: File, message: Message) -> Iterator[str]:
    for inner in file.messages:
        if inner.outer == message.cpp:
            yield f"  using {inner.short} = {inner.cpp};"
    for enum in file.enums:
        if enum.outer != message.cpp:
            continue
        short, cpp = enum.short, enum.cpp
        yield f"  using {short} = {cpp};"
        for name, _ in enum.values:
            yield f"  static constexpr {short} {name} = {enum.value(name)};"
        yield f"  static constexpr {short} {short}_MIN = {cpp}_MIN;"
        yield f"  static constexpr {short} {short}_MAX = {cpp}_MAX;"
        if enum.countable:
            yield f"  static constexpr int {short}_ARRAYSIZE = {cpp}_ARRAYSIZE;"
        yield f"  static bool {short}_IsValid(int value) {{ return {cpp}_IsValid(value); }}"
        yield f"  static const std::string& {short}_Name(int value) {{ return {cpp}_Name(value); }}"
        yield f"  static bool {short}_Parse(std::string_view name, {short}* value) {{"
        yield f"    return {cpp}_Parse(name, value);"
        yield "  }"


def _accessors(field: Field) -> Iterator[str]:
    if field.shape == "Map" or field.shape in ("Repeated", "Packed"):
        yield from _many(field)
    elif field.kind == "Message":
        yield from _message(field)
    else:
        yield from _has(field)
        yield from (_string(field) if field.kind in ("String", "Bytes") else _scalar(field))


def _has(field: Field) -> Iterator[str]:
    if field.shape == "OneOf":
        yield f"  bool has_{field.id}() const {{ return {field.oneof}_case_ == {field.number}; }}"
    elif field.kind == "Message":
        yield f"  bool has_{field.id}() const {{ return {field.member} != nullptr; }}"
    elif field.shape == "Optional":
        yield f"  bool has_{field.id}() const {{ return has_{field.member}; }}"


def _touch(field: Field) -> str:
    if field.shape == "OneOf":
        return f"use_{field.oneof}_({field.number}); "
    return f"has_{field.member} = true; " if field.shape == "Optional" else ""


def _clear(field: Field, body: str) -> Iterator[str]:
    yield f"  void clear_{field.id}() {{"
    if field.shape == "OneOf":
        yield f"    if (has_{field.id}()) clear_{field.oneof}();"
    else:
        yield f"    {body}"
        if field.shape == "Optional":
            yield f"    has_{field.member} = false;"
    yield "  }"


def _scalar(field: Field) -> Iterator[str]:
    yield f"  {field.cpp} {field.id}() const {{ return {field.member}; }}"
    yield f"  void set_{field.id}({field.cpp} value) {{ {_touch(field)}{field.member} = value; }}"
    yield from _clear(field, f"{field.member} = {field.cpp}();")


def _string(field: Field) -> Iterator[str]:
    id_, member, touch = field.id, field.member, _touch(field)
    yield f"  const std::string& {id_}() const {{ return {member}; }}"
    yield "  template <typename... Text>"
    yield f"  void set_{id_}(Text&&... text) {{"
    yield f"    {touch}{member}.assign(std::forward<Text>(text)...);"
    yield "  }"
    yield f"  std::string* mutable_{id_}() {{ {touch}return &{member}; }}"
    yield f"  std::string* release_{id_}() {{"
    yield f"    std::string* released = new std::string(std::move({member}));"
    yield f"    clear_{id_}();"
    yield "    return released;"
    yield "  }"
    yield f"  void set_allocated_{id_}(std::string* text) {{"
    yield f"    clear_{id_}();"
    yield "    if (text == nullptr) return;"
    yield f"    {touch}{member} = std::move(*text);"
    yield "    delete text;"
    yield "  }"
    yield from _clear(field, f"{member}.clear();")


def _message(field: Field) -> Iterator[str]:
    yield from _has(field)
    yield f"  const {field.cpp}& {field.id}() const;"
    yield f"  {field.cpp}* mutable_{field.id}();"
    yield f"  {field.cpp}* release_{field.id}();"
    yield f"  void set_allocated_{field.id}({field.cpp}* message);"
    yield f"  void clear_{field.id}();"


def _many(field: Field) -> Iterator[str]:
    id_, member, kind = field.id, field.member, member_type(field)
    yield f"  int {id_}_size() const {{ return static_cast<int>({member}.size()); }}"
    yield f"  const {kind}& {id_}() const {{ return {member}; }}"
    yield f"  {kind}* mutable_{id_}() {{ return &{member}; }}"
    if field.shape == "Map":
        yield f"  void clear_{id_}() {{ {member}.clear(); }}"
        return
    yield f"  void clear_{id_}() {{ {member}.Clear(); }}"
    if field.kind == "Message":
        yield f"  const {field.cpp}& {id_}(int index) const;"
        yield f"  {field.cpp}* mutable_{id_}(int index);"
        yield f"  {field.cpp}* add_{id_}();"
    elif field.kind in ("String", "Bytes"):
        yield f"  const std::string& {id_}(int index) const {{ return {member}.Get(index); }}"
        yield f"  std::string* mutable_{id_}(int index) {{ return {member}.Mutable(index); }}"
        yield f"  std::string* add_{id_}() {{ return {member}.Add(); }}"
        for verb, place, arguments in (("set", "Mutable(index)", "int index, "), ("add", "Add()", "")):
            yield "  template <typename First, typename... Text>"
            yield f"  void {verb}_{id_}({arguments}First&& first, Text&&... text) {{"
            yield f"    {member}.{place}->assign(std::forward<First>(first), std::forward<Text>(text)...);"
            yield "  }"
    else:
        yield f"  {field.cpp} {id_}(int index) const {{ return {member}.Get(index); }}"
        yield f"  void set_{id_}(int index, {field.cpp} value) {{ {member}.Set(index, value); }}"
        yield f"  void add_{id_}({field.cpp} value) {{ {member}.Add(value); }}"
