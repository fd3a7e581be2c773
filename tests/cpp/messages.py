"""A filter that reads and writes messages, and Python's own runtime beside it as the judge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pool, message_factory
from hypothesis import strategies as st

from wasmnb.compile import Filter
from wasmnb.compile.cpp.proto.protoc import describe

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

EVERYTHING = (Path(__file__).parent / "everything.proto").read_text()
SOURCE = """
#include "proxy_wasm_intrinsics.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "everything.pb.h"

using tests::everything::Everything;

using Time = google::protobuf::util::TimeUtil;
class Messages : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    path_ = getRequestHeader(":path")->toString();
    return FilterHeadersStatus::StopIteration;
  }
  FilterDataStatus onRequestBody(size_t size, bool end_of_stream) override {
    if (!end_of_stream) return FilterDataStatus::StopIterationAndBuffer;
    const std::string body = getBufferBytes(WasmBufferType::HttpRequestBody, 0, size)->toString();
    std::string out;
    sendLocalResponse(answer(body, &out) ? 200 : 400, "", out, {});
    return FilterDataStatus::StopIterationNoBuffer;
  }

 private:
  bool answer(const std::string& body, std::string* out) {
    if (path_ == "/time") return times(std::stoll(body), out);
    Everything message;
    google::protobuf::util::Status status;
    if (path_.find("from-json") != std::string::npos) {
      google::protobuf::util::JsonParseOptions options;
      options.ignore_unknown_fields = path_.find("unknown") != std::string::npos;
      options.case_insensitive_enum_parsing = path_.find("case") != std::string::npos;
      status = google::protobuf::util::JsonStringToMessage(body, &message, options);
      if (status.ok()) return message.SerializeToString(out);
      *out = std::string(status.message());
      return false;
    }
    if (!message.ParseFromString(body)) return false;
    if (path_.find("to-json") != std::string::npos) {
      google::protobuf::util::JsonPrintOptions options;
      options.always_print_primitive_fields = path_.find("all") != std::string::npos;
      options.always_print_enums_as_ints = path_.find("ints") != std::string::npos;
      options.preserve_proto_field_names = path_.find("names") != std::string::npos;
      options.add_whitespace = path_.find("lines") != std::string::npos;
      status = google::protobuf::util::MessageToJsonString(message, out, options);
      if (!status.ok()) *out = status.ToString();
      return status.ok();
    }
    if (path_ == "/text") {
      *out = message.DebugString();
      return true;
    }
    if (path_ == "/copies") {
      Everything copy(message);
      Everything moved(std::move(copy));
      Everything assigned;
      assigned.set_a_string("gone");
      assigned = moved;
      swap(assigned, moved);
      Everything* made = assigned.New();
      made->MergeFrom(moved);
      moved.Clear();
      const bool empty = moved.ByteSizeLong() == 0;
      assigned = std::move(*made);
      delete made;
      return empty && assigned.SerializeToString(out);
    }
    if (path_ == "/merged") {
      Everything other;
      if (!other.ParseFromString(body)) return false;
      message.MergeFrom(other);
    }
    out->resize(message.ByteSizeLong());
    return message.SerializeToArray(&(*out)[0], static_cast<int>(out->size()));
  }

  bool times(int64_t nanos, std::string* out) {
    const auto time = Time::NanosecondsToTimestamp(nanos);
    const auto span = Time::NanosecondsToDuration(nanos);
    google::protobuf::Timestamp read;
    google::protobuf::Duration length;
    if (!Time::FromString(Time::ToString(time), &read) || !(read == time) || !(time - Time::GetEpoch() == span) ||
        !Time::FromString(Time::ToString(span), &length) || !(length == span) || !(Time::GetEpoch() + span == time) ||
        !(Time::GetEpoch() < Time::GetCurrentTime()) || Time::FromString("x", &length)) {
      return false;
    }
    for (int64_t one : {Time::TimestampToSeconds(time), int64_t{time.nanos()}, Time::TimestampToNanoseconds(time),
                        Time::DurationToSeconds(span), int64_t{span.nanos()}, Time::DurationToMilliseconds(span),
                        Time::DurationToMicroseconds(span), Time::DurationToNanoseconds(span),
                        Time::TimestampToMilliseconds(Time::MillisecondsToTimestamp(nanos)),
                        Time::DurationToMicroseconds(Time::MicrosecondsToDuration(nanos))}) {
      *out += std::to_string(one) + " ";
    }
    *out += Time::ToString(time) + " " + Time::ToString(span);
    return true;
  }

  std::string path_;
};
static RegisterContextFactory register_Messages(CONTEXT_FACTORY(Messages));
"""


def messages_filter() -> Filter:
    return Filter("messages", SOURCE, files=(("everything.proto", EVERYTHING),))


def python_classes() -> Any:
    """The class that Python's runtime makes of the same file."""
    described = describe({"everything.proto": EVERYTHING}, ["everything.proto"])
    pool = descriptor_pool.DescriptorPool()
    for file in described:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.everything.Everything"))


Everything = python_classes()

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_INT32, _INT64 = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
_UINT32, _UINT64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
_DOUBLE, _FLOAT = st.floats(allow_nan=False), st.floats(width=32, allow_nan=False)
# By google.protobuf.FieldDescriptor's types.
_SCALARS = {
    1: _DOUBLE, 2: _FLOAT, 3: _INT64, 4: _UINT64, 5: _INT32, 6: _UINT64, 7: _UINT32, 8: st.booleans(), 9: _TEXT,
    12: st.binary(max_size=8), 13: _UINT32, 15: _INT32, 16: _INT64, 17: _INT32, 18: _INT64,
}  # fmt: skip
_TIMES = {
    "google.protobuf.Duration": (-315576000000, 315576000000),
    "google.protobuf.Timestamp": (-62135596800, 253402300799),
}
_RANDOM = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def everything(draw: Any, *, json: bool = False) -> Any:
    """A random message; for JSON one that has a form in it."""
    message = Everything()
    _fill(draw, message, message.DESCRIPTOR, 2, json=json)
    return message


def _fill(draw: Any, message: Any, descriptor: Descriptor, depth: int, *, json: bool) -> None:
    if _well_known(draw, message, descriptor):
        return
    seen = set()
    if not descriptor.fields:
        return
    for field in draw(
        st.lists(st.sampled_from(list(descriptor.fields)), max_size=8, unique_by=lambda field: field.number)
    ):
        oneof = field.containing_oneof
        if oneof is not None and oneof.name in seen:
            continue
        seen.add(oneof.name if oneof is not None else "-")
        if depth == 0 and field.message_type is not None and not field.message_type.GetOptions().map_entry:
            continue
        _put(draw, message, field, depth, json=json)


def _put(draw: Any, message: Any, field: FieldDescriptor, depth: int, *, json: bool) -> None:
    entry = field.message_type if field.message_type and field.message_type.GetOptions().map_entry else None
    if entry is not None:
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        for each in draw(st.lists(_SCALARS[key.type], max_size=3, unique=True)):
            if value.message_type is not None:
                _fill(draw, getattr(message, field.name)[each], value.message_type, 0, json=json)
            else:
                getattr(message, field.name)[each] = draw(_scalar(value, json=json))
    elif field.message_type is not None:
        if field.is_repeated:
            for _ in range(draw(st.integers(0, 2))):
                _fill(draw, getattr(message, field.name).add(), field.message_type, depth - 1, json=json)
        else:
            inner = getattr(message, field.name)
            inner.SetInParent()
            _fill(draw, inner, field.message_type, depth - 1, json=json)
    elif field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(_scalar(field, json=json), max_size=3)))
    else:
        setattr(message, field.name, draw(_scalar(field, json=json)))


def _scalar(field: FieldDescriptor, *, json: bool) -> Any:
    if field.enum_type is None:
        return _SCALARS[field.type]
    known = st.sampled_from([value.number for value in field.enum_type.values])
    return known if json and field.enum_type.name == "NullValue" else known | _INT32


def _well_known(draw: Any, message: Any, descriptor: Descriptor) -> bool:
    """Fill a message whose fields are not free to be anything."""
    name = descriptor.full_name
    if name in _TIMES:
        message.seconds = draw(st.integers(*_TIMES[name]))
        sign = -1 if name.endswith("Duration") and message.seconds < 0 else 1
        message.nanos = sign * draw(st.sampled_from([0, 1, 999999999, 1000, 120000000, 12000000]))
    elif name.endswith("Struct"):
        message.update(draw(st.dictionaries(_TEXT, _RANDOM, max_size=3)))
    elif name.endswith("ListValue"):
        message.extend(draw(st.lists(_RANDOM, max_size=3)))
    elif name == "google.protobuf.Value":
        holder = type(message)()
        _value(draw(_RANDOM), holder)
        message.CopyFrom(holder)
    elif name.endswith("FieldMask"):
        message.paths.extend(draw(st.lists(st.sampled_from(["a", "some_name", "a.b_c.d"]), max_size=2)))
    elif name.endswith("Any"):
        held = Everything.Inner(number=draw(_INT32), text=draw(_TEXT))
        message.type_url = "type.googleapis.com/tests.everything.Everything.Inner"
        message.value = held.SerializeToString()
    else:
        return False
    return True


def _value(plain: Any, value: Any) -> None:
    if plain is None:
        value.null_value = 0
    elif isinstance(plain, bool):
        value.bool_value = plain
    elif isinstance(plain, float):
        value.number_value = plain
    elif isinstance(plain, str):
        value.string_value = plain
    elif isinstance(plain, list):
        value.list_value.SetInParent()
        for each in plain:
            _value(each, value.list_value.values.add())
    else:
        value.struct_value.SetInParent()
        for key, each in plain.items():
            _value(each, value.struct_value.fields[key])
