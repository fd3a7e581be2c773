"""The ``.pb.cc`` of a ``.proto`` file: the tables of its messages, and what of their classes is no one-liner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.compile.cpp.proto.header import member_type, spaces
from wasmnb.compile.cpp.proto.names import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wasmnb.compile.cpp.proto.model import Enum, Field, File, Message

__all__ = ["KNOWN", "source"]

_INTERNAL = "::google::protobuf::internal::"
#: The types whose JSON has a form of its own.
KNOWN = {
    **{f"google.protobuf.{name}": name for name in ("Any", "Duration", "FieldMask", "ListValue", "Struct")},
    **{f"google.protobuf.{name}": name for name in ("Timestamp", "Value")},
    **{
        f"google.protobuf.{kind}Value": "Wrapper"
        for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
    },
}


def source(file: File, registered: Mapping[str, str] | None = None) -> str:
    """Write the source.

    Parameters
    ----------
    file : File
    registered : mapping of str to str, optional
        Classes that a ``google.protobuf.Any`` may hold, with the ``.proto`` file of each.

    Returns
    -------
    str
    """
    lines = [f"// Messages of {file.path}.", f'#include "{file.path.removesuffix(".proto")}.pb.h"', ""]
    lines += ["#include <stddef.h>", ""]
    if any(message.full_name in KNOWN for message in file.messages):
        lines += ['#include "well_known.h"', ""]
    lines += [f'#include "{path.removesuffix(".proto")}.pb.h"' for path in sorted(set((registered or {}).values()))]
    lines += ['#pragma clang diagnostic ignored "-Winvalid-offsetof"', "", *spaces(file, "{")]
    for enum in file.enums:
        lines += ["", *_enum(enum)]
    for message in file.messages:
        lines += ["", *_message(message)]
    lines += ["", *spaces(file, "}")] if file.package else []
    for index, name in enumerate(registered or ()):
        lines += ["", f"static {_INTERNAL}Registered registered_{index}(&{name}::proxy_wasm_table);"]
    return "\n".join([*lines, ""])


def _enum(enum: Enum) -> Iterator[str]:
    yield f"static const {_INTERNAL}EnumValue {enum.cpp}_values[] = {{"
    for name, _ in enum.values:
        yield f"    {{{enum.value(name)}, {text(name)}}},"
    yield "};"
    table = f"{text(enum.full_name)}, {enum.cpp}_values, {len(enum.values)}"
    yield f"const {_INTERNAL}EnumTable {enum.cpp}_table = {{{table}}};"


def _message(message: Message) -> Iterator[str]:
    own = message.cpp
    for field in message.fields:
        if field.shape == "Map":
            yield from _map(message, field)
    if message.fields:
        yield f"const {_INTERNAL}Field {own}::proxy_wasm_fields[] = {{"
        for field in message.fields:
            yield f"    {_row(field, own)},"
        yield "};"
    known = KNOWN.get(message.full_name)
    yield f"const {_INTERNAL}Table {own}::proxy_wasm_table = {{"
    yield f"    {text(message.full_name)},"
    yield f"    {'proxy_wasm_fields' if message.fields else 'nullptr'},"
    yield f"    {len(message.fields)},"
    yield f"    sizeof({own}),"
    yield f"    []() -> ::google::protobuf::MessageLite* {{ return new {own}; }},"
    yield f"    {f'&{_INTERNAL}k{known}Json' if known else 'nullptr'},"
    yield "};"
    yield f"{own}::{own}() : MessageLite(&proxy_wasm_table) {{}}"
    owned = [field.member for field in message.fields if member_type(field).endswith("*")]
    yield f"{own}::~{own}() {{{''.join(f' delete {member};' for member in owned)} }}"
    yield f"const {own}& {own}::default_instance() {{"
    yield f"  static const {own} instance;"
    yield "  return instance;"
    yield "}"
    for oneof in message.oneofs:
        yield f"void {own}::clear_{oneof}() {{ {_INTERNAL}clearOneOf(this, offsetof({own}, {oneof}_case_)); }}"
        yield f"void {own}::use_{oneof}_(uint32_t number) {{"
        yield f"  if ({oneof}_case_ == number) return;"
        yield f"  clear_{oneof}();"
        yield f"  {oneof}_case_ = number;"
        yield "}"
    for field in message.fields:
        if field.kind == "Message" and field.shape != "Map":
            yield from _list(own, field) if field.shape == "Repeated" else _single(own, field)


def _row(field: Field, own: str, offset: str = "") -> str:
    presence = "0"
    if field.shape == "OneOf":
        presence = f"offsetof({own}, {field.oneof}_case_)"
    elif field.shape == "Optional":
        presence = f"offsetof({own}, has_{field.member})"
    kind = f"{_INTERNAL}Kind::{field.kind}, {_INTERNAL}Shape::{field.shape}"
    offset = offset or f"offsetof({own}, {field.member})"
    words = f"{text(field.name)}, {text(field.json_name)}"
    return f"{{{field.number}, {kind}, {offset}, {presence}, {words}, {_type(field, own)}}}"


def _type(field: Field, own: str) -> str:
    if field.shape == "Map":
        return f"&{own}_{field.member}map"
    if field.kind == "Message":
        return f"&{field.cpp}::proxy_wasm_table"
    if field.kind == "Enum":
        return f"&{field.cpp}_table"
    return f"&{_INTERNAL}kNumberReader" if field.kind in ("Float", "Double") else "nullptr"


def _map(message: Message, field: Field) -> Iterator[str]:
    key, value = field.map
    kind = member_type(field)
    yield f"static const {_INTERNAL}MapTable {message.cpp}_{field.member}map = {{"
    yield f"    {_row(key, '', '0')},"
    yield f"    {_row(value, '', f'{kind}::kValueOffset')},"
    yield f"    {kind}::create,"
    yield f"    {kind}::destroy,"
    yield "};"


def _single(own: str, field: Field) -> Iterator[str]:
    cpp, id_, member = field.cpp, field.id, field.member
    oneof = field.shape == "OneOf"
    touch = f"use_{field.oneof}_({field.number}); " if oneof else ""
    yield f"const {cpp}& {own}::{id_}() const {{"
    yield f"  return {member} == nullptr ? {cpp}::default_instance() : *static_cast<const {cpp}*>({member});"
    yield "}"
    yield f"{cpp}* {own}::mutable_{id_}() {{"
    yield f"  {touch}if ({member} == nullptr) {member} = new {cpp};"
    yield f"  return static_cast<{cpp}*>({member});"
    yield "}"
    yield f"{cpp}* {own}::release_{id_}() {{"
    yield f"  {cpp}* released = static_cast<{cpp}*>({member});"
    yield f"  {member} = nullptr;"
    if oneof:
        yield f"  if (released != nullptr) {field.oneof}_case_ = 0;"
    yield "  return released;"
    yield "}"
    yield f"void {own}::set_allocated_{id_}({cpp}* message) {{"
    yield f"  clear_{id_}();"
    yield "  if (message == nullptr) return;"
    yield f"  {touch}{member} = message;"
    yield "}"
    yield f"void {own}::clear_{id_}() {{"
    if oneof:
        yield f"  if (has_{id_}()) clear_{field.oneof}();"
    else:
        yield f"  delete {member};"
        yield f"  {member} = nullptr;"
    yield "}"


def _list(own: str, field: Field) -> Iterator[str]:
    cpp, id_, member = field.cpp, field.id, field.member
    yield f"const {cpp}& {own}::{id_}(int index) const {{ return {member}.Get(index); }}"
    yield f"{cpp}* {own}::mutable_{id_}(int index) {{ return {member}.Mutable(index); }}"
    yield f"{cpp}* {own}::add_{id_}() {{ return {member}.Add(); }}"
