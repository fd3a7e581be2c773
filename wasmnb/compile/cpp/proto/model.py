"""What the generator needs to know of a ``.proto`` file, read from its descriptor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cpp.proto import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Enum", "Field", "File", "Message", "read"]

# By google.protobuf.FieldDescriptorProto.Type: the runtime's word and the C++ type.
_KINDS = {
    1: ("Double", "double"),
    2: ("Float", "float"),
    3: ("Int64", "int64_t"),
    4: ("UInt64", "uint64_t"),
    5: ("Int32", "int32_t"),
    6: ("Fixed64", "uint64_t"),
    7: ("Fixed32", "uint32_t"),
    8: ("Bool", "bool"),
    9: ("String", "std::string"),
    11: ("Message", ""),
    12: ("Bytes", "std::string"),
    13: ("UInt32", "uint32_t"),
    14: ("Enum", ""),
    15: ("SFixed32", "int32_t"),
    16: ("SFixed64", "int64_t"),
    17: ("SInt32", "int32_t"),
    18: ("SInt64", "int64_t"),
}
_REPEATED = 3


@dataclass(frozen=True)
class Enum:
    """An enumeration: its names in C++ and in protobuf, its values, and the message around it."""

    cpp: str
    full_name: str
    values: tuple[tuple[str, int], ...]
    outer: str

    @property
    def short(self) -> str:
        """Its name inside the message around it."""
        return self.full_name.rsplit(".", 1)[-1]

    @property
    def countable(self) -> bool:
        """Whether a number behind its last one exists."""
        return max(number for _, number in self.values) < 2**31 - 1

    def value(self, name: str) -> str:
        """Give the enumerator of a value: behind its enumeration's name when it is inside a message."""
        return f"{self.cpp}_{name}" if self.outer else f"{name}_" if name in ("NULL", "EOF") else name


@dataclass(frozen=True)
class Field:
    """A field.

    Parameters
    ----------
    name : str
        As in the ``.proto`` file.
    json_name : str
    number : int
    kind : str
        The runtime's ``Kind``.
    cpp : str
        The C++ type of one value.
    shape : str
        The runtime's ``Shape``.
    oneof : str
        Its oneof, for the shape ``OneOf``.
    map : tuple of Field
        Key and value of a map.
    """

    name: str
    json_name: str
    number: int
    kind: str
    cpp: str
    shape: str
    oneof: str = ""
    map: tuple[Field, ...] = ()

    @property
    def id(self) -> str:
        """The name of its accessor."""
        return names.field(self.name)

    @property
    def member(self) -> str:
        """The name of its member."""
        return f"{self.id}_"

    @property
    def constant(self) -> str:
        """Its name as an enumerator."""
        return f"k{names.camel(self.name)}"


@dataclass(frozen=True)
class Message:
    """A message; nested ones are messages of the file too."""

    cpp: str
    full_name: str
    fields: tuple[Field, ...]
    outer: str

    @property
    def short(self) -> str:
        """Its name inside the message around it."""
        return self.full_name.rsplit(".", 1)[-1]

    @property
    def oneofs(self) -> tuple[str, ...]:
        """The names of its oneofs."""
        return tuple(dict.fromkeys(item.oneof for item in self.fields if item.oneof))


@dataclass(frozen=True)
class File:
    """A ``.proto`` file."""

    path: str
    package: str
    imports: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    enums: tuple[Enum, ...] = field(default=())


def read(files: Any) -> list[File]:
    """Read the files of a ``FileDescriptorSet``."""
    packages: dict[str, str] = {}
    for file in files:
        for message, _ in _messages(file):
            packages[message[0]] = file.package
        for enum, _ in _enums(file):
            packages[enum[0]] = file.package
    entries = {name: found for file in files for (name, found), _ in _messages(file) if found.options.map_entry}
    return [_file(file, packages, entries) for file in files]


def _file(file: Any, packages: Mapping[str, str], entries: Mapping[str, Any]) -> File:
    def cpp(full_name: str) -> str:
        return names.flat(full_name, file.package)

    messages = tuple(
        Message(cpp(name), name, tuple(_fields(found, packages, entries)), cpp(outer) if outer else "")
        for (name, found), outer in _messages(file)
        if not found.options.map_entry
    )
    enums = tuple(
        Enum(cpp(name), name, tuple((value.name, value.number) for value in found.value), cpp(outer) if outer else "")
        for (name, found), outer in _enums(file)
    )
    return File(file.name, file.package, tuple(file.dependency), messages, enums)


def _messages(file: Any) -> Iterator[tuple[tuple[str, Any], str]]:
    def inside(found: Any, outer: str, prefix: str) -> Iterator[tuple[tuple[str, Any], str]]:
        name = f"{prefix}{found.name}"
        for nested in found.nested_type:
            yield from inside(nested, name, f"{name}.")
        yield (name, found), outer

    for found in file.message_type:
        yield from inside(found, "", f"{file.package}." if file.package else "")


def _enums(file: Any) -> Iterator[tuple[tuple[str, Any], str]]:
    prefix = f"{file.package}." if file.package else ""
    for found in file.enum_type:
        yield (f"{prefix}{found.name}", found), ""
    for (name, message), _ in _messages(file):
        for found in message.enum_type:
            yield (f"{name}.{found.name}", found), name


def _fields(message: Any, packages: Mapping[str, str], entries: Mapping[str, Any]) -> Iterator[Field]:
    for found in sorted(message.field, key=lambda item: item.number):
        entry = entries.get(found.type_name.removeprefix(".")) if found.label == _REPEATED else None
        oneof = ""
        if found.HasField("oneof_index") and not found.proto3_optional:
            oneof = names.field(message.oneof_decl[found.oneof_index].name)
        yield _field(found, packages, _shape(found, oneof, entry), oneof, _map(entry, packages))


def _map(entry: Any, packages: Mapping[str, str]) -> tuple[Field, ...]:
    if entry is None:
        return ()
    key, value = sorted(entry.field, key=lambda item: item.number)
    inside = "Inside" if _KINDS[value.type][0] == "Message" else "Plain"
    return _field(key, packages, "Plain"), _field(value, packages, inside)


def _field(
    found: Any, packages: Mapping[str, str], shape: str, oneof: str = "", inner: tuple[Field, ...] = ()
) -> Field:
    kind, cpp = _KINDS[found.type]
    name = found.type_name.removeprefix(".")
    if not cpp and not inner:
        cpp = names.full(name, packages[name])
    return Field(found.name, found.json_name, found.number, kind, cpp, shape, oneof, inner)


def _shape(found: Any, oneof: str, entry: Any) -> str:
    kind = _KINDS[found.type][0]
    if entry is not None:
        return "Map"
    if found.label == _REPEATED:
        packable = kind not in ("String", "Bytes", "Message")
        packed = not found.options.HasField("packed") or found.options.packed
        return "Packed" if packable and packed else "Repeated"
    if oneof:
        return "OneOf"
    return "Optional" if found.proto3_optional and kind != "Message" else "Plain"
