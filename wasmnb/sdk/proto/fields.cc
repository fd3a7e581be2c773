// Fields of any object, by its table: where they lie, whether they are set, setting and clearing them.
#include "internal.h"

namespace google {
namespace protobuf {
namespace internal {

namespace {

// In memory all kinds of one width look alike but for their sign.
enum class Width : uint8_t { None, One, Four, Signed, Eight };
constexpr Width kWidths[] = {Width::None,   Width::Eight, Width::Four,   Width::Eight, Width::Eight,
                             Width::Signed, Width::Eight, Width::Four,   Width::One,   Width::None,
                             Width::None,   Width::None,  Width::None,   Width::Four,  Width::Signed,
                             Width::Signed, Width::Eight, Width::Signed, Width::Eight};
constexpr Wire kWires[] = {Wire::Varint,  Wire::Fixed64, Wire::Fixed32, Wire::Varint, Wire::Varint,
                           Wire::Varint,  Wire::Fixed64, Wire::Fixed32, Wire::Varint, Wire::Bytes,
                           Wire::Start,   Wire::Bytes,   Wire::Bytes,   Wire::Varint, Wire::Varint,
                           Wire::Fixed32, Wire::Fixed64, Wire::Varint,  Wire::Varint};

}  // namespace

uint32_t sizeOf(Kind kind) {
  switch (kWidths[static_cast<int>(kind)]) {
    case Width::None:
      return sizeof(void*);
    case Width::One:
      return 1;
    case Width::Eight:
      return 8;
    default:
      return 4;
  }
}

Wire wireOf(Kind kind) { return kWires[static_cast<int>(kind)]; }

uint64_t load(Kind kind, const void* value) {
  switch (kWidths[static_cast<int>(kind)]) {
    case Width::One:
      return *static_cast<const bool*>(value);
    case Width::Four:
      return *static_cast<const uint32_t*>(value);
    case Width::Signed:
      return static_cast<uint64_t>(int64_t{*static_cast<const int32_t*>(value)});
    default:
      return *static_cast<const uint64_t*>(value);
  }
}

void store(Kind kind, void* value, uint64_t bits) {
  switch (kWidths[static_cast<int>(kind)]) {
    case Width::One:
      *static_cast<bool*>(value) = bits != 0;
      break;
    case Width::Eight:
      *static_cast<uint64_t*>(value) = bits;
      break;
    default:
      *static_cast<uint32_t*>(value) = static_cast<uint32_t>(bits);
  }
}

const Field* fieldOf(const Table& table, uint32_t number) {
  for (uint32_t index = 0; index < table.count; ++index) {
    if (table.fields[index].number == number) return &table.fields[index];
  }
  return nullptr;
}

bool isSet(const void* object, const Field& field) {
  if (field.shape == Shape::Inside) return true;
  if (field.shape == Shape::OneOf) return at<uint32_t>(object, field.presence) == field.number;
  if (field.kind == Kind::Message) return at<MessageLite*>(object, field.offset) != nullptr;
  if (field.shape == Shape::Optional) return at<bool>(object, field.presence);
  if (isText(field.kind)) return !at<std::string>(object, field.offset).empty();
  return load(field.kind, &at<char>(object, field.offset)) != 0;
}

const MessageLite* messageAt(const void* object, const Field& field) {
  if (field.shape == Shape::Inside) return &at<MessageLite>(object, field.offset);
  return isSet(object, field) ? at<MessageLite*>(object, field.offset) : nullptr;
}

void clearOneOf(MessageLite* message, uint32_t presence) {
  uint32_t& number = at<uint32_t>(message, presence);
  const Field* field = number == 0 ? nullptr : fieldOf(Access::table(*message), number);
  if (field != nullptr) clearField(message, *field);
}

void* placeFor(void* object, const Field& field) {
  if (field.shape == Shape::OneOf && at<uint32_t>(object, field.presence) != field.number) {
    clearOneOf(static_cast<MessageLite*>(object), field.presence);
    at<uint32_t>(object, field.presence) = field.number;
  }
  if (field.shape == Shape::Optional && field.kind != Kind::Message) at<bool>(object, field.presence) = true;
  void* place = &at<char>(object, field.offset);
  if (!isList(field.shape)) return place;
  List& list = *static_cast<List*>(place);
  const uint32_t size = sizeOf(field.kind);
  list.reserve(list.size + 1, size);
  void* element = static_cast<char*>(list.data) + static_cast<uint32_t>(list.size++) * size;
  if (!isText(field.kind)) return element;
  std::string* text = new std::string;
  *static_cast<std::string**>(element) = text;
  return text;
}

MessageLite* messageFor(void* object, const Field& field) {
  if (field.shape == Shape::Inside) return &at<MessageLite>(object, field.offset);
  const Table& table = *static_cast<const Table*>(field.type);
  MessageLite** place = static_cast<MessageLite**>(placeFor(object, field));
  if (isList(field.shape) || *place == nullptr) *place = table.create();
  return *place;
}

void clearField(void* object, const Field& field) {
  void* place = &at<char>(object, field.offset);
  if (field.shape == Shape::Map) {
    const MapTable& map = *static_cast<const MapTable*>(field.type);
    List& entries = *static_cast<List*>(place);
    while (entries.size != 0) map.destroy(static_cast<void**>(entries.data)[--entries.size]);
  } else if (isList(field.shape)) {
    List* list = static_cast<List*>(place);
    if (isText(field.kind)) {
      freeStrings(list);
    } else if (field.kind == Kind::Message) {
      freeMessages(list);
    } else {
      list->size = 0;
    }
  } else if (isText(field.kind)) {
    static_cast<std::string*>(place)->clear();
  } else if (field.kind != Kind::Message) {
    store(field.kind, place, 0);
  } else if (field.shape != Shape::Inside) {
    delete *static_cast<MessageLite**>(place);
    *static_cast<MessageLite**>(place) = nullptr;
  }
  if (field.shape == Shape::OneOf) at<uint32_t>(object, field.presence) = 0;
  if (field.shape == Shape::Optional && field.kind != Kind::Message) at<bool>(object, field.presence) = false;
}

void putEntry(void* object, const Field& field, void* entry) {
  const MapTable& map = *static_cast<const MapTable*>(field.type);
  List* entries = &at<List>(object, field.offset);
  bool found;
  const int place = findKey(*entries, map.key.kind, entry, &found);
  if (found) map.destroy(takeEntry(entries, place));
  insertEntry(entries, place, entry);
}

Values::Values(const void* object, const Field& field) : field_(field), object_(object) {
  const bool list = isList(field.shape) || field.shape == Shape::Map;
  count = list ? at<List>(object, field.offset).size : isSet(object, field) ? 1 : 0;
}

const void* Values::operator[](int index) const {
  const void* place = &at<char>(object_, field_.offset);
  const bool pointers = field_.shape == Shape::Map || isText(field_.kind) || field_.kind == Kind::Message;
  if (isList(field_.shape) || field_.shape == Shape::Map) {
    const void* data = static_cast<const List*>(place)->data;
    if (pointers) return static_cast<void* const*>(data)[index];
    return static_cast<const char*>(data) + static_cast<uint32_t>(index) * sizeOf(field_.kind);
  }
  if (field_.kind == Kind::Message && field_.shape != Shape::Inside) return *static_cast<void* const*>(place);
  return place;
}

}  // namespace internal
}  // namespace protobuf
}  // namespace google
