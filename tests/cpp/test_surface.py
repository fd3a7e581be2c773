"""The generated classes as filters use them, and the SDK's functions that take messages."""

from __future__ import annotations

from pathlib import Path

from tests.cpp.messages import EVERYTHING
from tests.sdk.harness import PRELUDE, Plugin, Proxy
from wasmnb.compile import Filter

USES = """
#include "everything.pb.h"
#include "google/protobuf/any.pb.h"
using namespace tests::everything;
static bool good = true;
#define EXPECT(what) do { if (!(what)) { good = false; tell("wrong", #what); } } while (false)

static void fields() {
  Everything one;
  one.set_a_string("text", 2);
  EXPECT(one.a_string() == "te");
  one.set_a_string(std::string_view("view"));
  one.mutable_a_string()->append("!");
  EXPECT(one.a_string() == "view!");
  EXPECT(!one.has_maybe_int32() && one.maybe_int32() == 0);
  one.set_maybe_int32(0);
  EXPECT(one.has_maybe_int32() && Everything(one).has_maybe_int32());
  one.clear_maybe_int32();
  EXPECT(!one.has_maybe_int32());
  EXPECT(!one.has_inner() && one.inner().number() == 0 && &one.inner() == &Everything::Inner::default_instance());
  one.mutable_inner()->mutable_again()->set_an_int32(5);
  EXPECT(one.has_inner() && one.inner().again().an_int32() == 5);
  Everything::Inner* released = one.release_inner();
  EXPECT(released != nullptr && !one.has_inner());
  one.set_allocated_inner(released);
  EXPECT(one.inner().again().an_int32() == 5);
  one.set_class_(7);
  EXPECT(one.class_() == 7 && one.mixedcase().empty());
  EXPECT(Everything::kAnInt32FieldNumber == 3 && Everything::kMaybeStringFieldNumber == 21);
}
static void lists() {
  Everything one;
  one.add_int32s(1);
  one.add_int32s(2);
  one.set_int32s(0, 3);
  one.mutable_int32s()->Add(4);
  int sum = 0;
  for (const int each : one.int32s()) sum += each;
  EXPECT(sum == 9 && one.int32s_size() == 3 && one.int32s(0) == 3);
  one.add_strings("a");
  *one.add_strings() = "b";
  one.mutable_strings()->erase(one.mutable_strings()->begin());
  EXPECT(one.strings_size() == 1 && one.strings(0) == "b" && one.strings().at(0) == "b");
  one.add_inners()->set_text("first");
  one.mutable_inners(0)->set_number(2);
  one.add_inners();
  one.mutable_inners()->RemoveLast();
  for (const auto& each : one.inners()) EXPECT(each.text() == "first" && each.number() == 2);
  one.clear_inners();
  EXPECT(one.inners().empty());
}
static void maps() {
  Everything one;
  (*one.mutable_labels())["b"] = "2";
  (*one.mutable_labels())["a"] = "1";
  one.mutable_labels()->insert({"c", "3"});
  EXPECT(one.labels_size() == 3 && one.labels().at("a") == "1" && one.labels().count("d") == 0);
  EXPECT(one.labels().find("b")->second == "2" && one.labels().find("d") == one.labels().end());
  std::string keys;
  for (const auto& [key, value] : one.labels()) keys += key + value;
  EXPECT(keys == "a1b2c3");
  EXPECT(one.mutable_labels()->erase("a") == 1 && !one.labels().contains("a"));
  (*one.mutable_inner_by_number())[-1].set_text("minus");
  (*one.mutable_inner_by_number())[1].set_text("plus");
  EXPECT(one.inner_by_number().begin()->first == -1 && Everything(one).inner_by_number().at(1).text() == "plus");
}
static void oneofs() {
  Everything one;
  EXPECT(one.choice_case() == Everything::CHOICE_NOT_SET);
  one.set_choice_text("x");
  EXPECT(one.choice_case() == Everything::kChoiceText && one.has_choice_text());
  one.mutable_choice_inner()->set_number(1);
  EXPECT(one.choice_text().empty() && one.choice_inner().number() == 1);
  one.clear_choice_text();
  EXPECT(one.has_choice_inner());
  one.clear_choice();
  EXPECT(one.choice_case() == Everything::CHOICE_NOT_SET && !one.has_choice_inner());
}
static void enums() {
  Everything one;
  one.set_size(Everything::LARGE);
  one.set_colour(CRIMSON);
  EXPECT(one.size() == Everything_Size_LARGE && Everything::Size_Name(one.size()) == "LARGE");
  Colour colour = NEGATIVE;
  EXPECT(Colour_Name(RED) == "RED" && Colour_Parse("LAST", &colour) && colour == LAST && !Colour_Parse("X", &colour));
  EXPECT(Colour_IsValid(-1) && !Colour_IsValid(2) && Colour_MIN == NEGATIVE && Everything::Size_ARRAYSIZE == 4);
}
static void any() {
  Everything::Inner inner;
  inner.set_number(9);
  Everything one;
  one.mutable_any()->PackFrom(inner);
  EXPECT(one.any().type_url() == "type.googleapis.com/tests.everything.Everything.Inner");
  Everything::Inner out;
  Everything other;
  EXPECT(one.any().Is<Everything::Inner>() && one.any().UnpackTo(&out) && out.number() == 9);
  EXPECT(!one.any().Is<Everything>() && !one.any().UnpackTo(&other));
  EXPECT(one.GetTypeName() == "tests.everything.Everything");
  EXPECT(inner.ShortDebugString() == "number: 9" && inner.DebugString() == "number: 9\\n");
}
class Uses : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    fields(); lists(); maps(); oneofs(); enums(); any();
    tell("good", std::string(good ? "yes" : "no"));
    return answer();
  }
};
static RegisterContextFactory register_Uses(CONTEXT_FACTORY(Uses));
"""


def test_classes_are_used_as_protobufs_own(upstream, tmp_path):
    module = Filter("uses", PRELUDE + USES, files=(("everything.proto", EVERYTHING),)).build()
    assert not module.build.warnings
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        assert proxy.request().told == {"good": "yes"}


CALLS = """
#include "proxy_wasm_intrinsics_full.h"
class Calls : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    google::protobuf::Struct metadata;
    google::protobuf::StringValue absent;
    tell("metadata", getMessageValue({"xds", "listener_metadata"}, &metadata) ? 1 : 0);
    tell("absent", getMessageValue({"no", "such"}, &absent) ? 1 : 0);
    GrpcService service;
    service.mutable_envoy_grpc()->set_cluster_name("grpc");
    google::protobuf::StringValue request;
    request.set_value("hello");
    const std::string name = service.SerializeAsString();
    uint32_t token = 0;
    tell("by-token", grpcCall(name, "service", "Silent", {}, request, 5000, &token));
    grpcCancel(token);
    const auto result = root()->grpcSimpleCall(name, "service", "Echo", HeaderStringPairs{}, request, 5000,
        [this](size_t size) {
          const auto reply = getBufferBytes(WasmBufferType::GrpcReceiveBuffer, 0, size);
          tell("reply", reply->proto<google::protobuf::StringValue>().value());
          setEffectiveContext();
          sendLocalResponse(200, "", told, {});
          told.clear();
        },
        [](GrpcStatus) {});
    tell("called", result);
    return FilterHeadersStatus::StopIteration;
  }
};
static RegisterContextFactory register_Calls(CONTEXT_FACTORY(Calls));
"""


def test_properties_and_calls_take_messages(upstream, tmp_path):
    module = Filter("calls", PRELUDE + CALLS).build()
    with Proxy(tmp_path, upstream, http=[Plugin(module)]) as proxy:
        told = proxy.request().told
    # The upstream answers in capitals: the tag and the length of a string are none.
    assert told["reply"] == "HELLO"
    assert (told["absent"], told["by-token"], told["called"]) == ("0", "Ok", "Ok")


def test_what_the_sdk_has_is_what_the_generator_makes():
    from scripts.well_known import generated

    for path, text in generated().items():
        assert Path(path).read_text() == text, "run scripts/well_known.py"


def test_messages_cost_little(cache):
    lean = Filter.from_folder(Path(__file__).parent / "old", name="old").build()
    assert lean.size < 34_000
