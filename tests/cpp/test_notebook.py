"""Several files and messages through the magics of a real kernel, onto the local mesh."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.magics.conftest import ROOT
from tests.magics.test_kernel import SETUP, notebook, outputs, words

OLD = Path(__file__).parent / "old"

PROTO = """%%wasm_file filter.proto
syntax = "proto3";
message Config { map<string, string> headers = 1; }
"""
HEADER = """%%wasm_file util.h
#pragma once
#include <string>
std::string shout(const std::string& text);
"""
SOURCE = """%%wasm_file util.cc
#include "util.h"
std::string shout(const std::string& text) { return text + "!"; }
"""
CONFIG = """--config '{"headers": {"one": "1", "two": "2"}}'"""
WHERE = f"--selector app=details {CONFIG}"
CELL = (
    f"%%wasm_filter several --deploy app=details {CONFIG}"
    """
#include "proxy_wasm_intrinsics.h"
#include "google/protobuf/util/json_util.h"
#include "filter.pb.h"
#include "util.h"

class Root : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {
    const auto status = google::protobuf::util::JsonStringToMessage(getConfiguration()->view(), &config_);
    if (!status.ok()) LOG_ERROR(status.ToString());
    return status.ok();
  }
  Config config_;
};
class Http : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    for (const auto& [name, value] : static_cast<Root*>(root())->config_.headers()) {
      addResponseHeader(name, shout(value));
    }
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_Http(CONTEXT_FACTORY(Http), ROOT_FACTORY(Root));
"""
)
SEEN = """capture = %wasm_headers productpage details:9080/details/123
exchange = capture.after
print("SEEN", {name: exchange.response.headers[name] for name in {NAMES}})
"""


def run(tmp_path, monkeypatch, *cells, folder=ROOT):
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    book = notebook(SETUP, *cells)
    try:
        # A busy kernel may send one line in two pieces.
        resources = {"metadata": {"path": str(folder)}}
        NotebookClient(book, timeout=120, resources=resources, coalesce_streams=True).execute()
    finally:
        text = outputs(book)
    return text


def test_a_folder_of_the_articles_day_reaches_the_mesh_unmodified(tmp_path, monkeypatch):
    shutil.copytree(OLD, tmp_path / "header-filter")
    text = run(
        tmp_path,
        monkeypatch,
        "%wasm_mesh local",
        "%wasm_build ./header-filter -t local/header-filter:v0.2",
        "%wasm_deploy local/header-filter:v0.2 --selector app=details "
        """--config '{"name": "hello", "value": "world"}'""",
        SEEN.replace("{NAMES}", "('hello', '你好')"),
        "%wasm_mesh stop",
        folder=tmp_path,
    )
    assert "add_header_root_id" in text
    assert "SEEN {'hello': 'world', '你好': '六翁'}" in text


def test_cells_of_files_are_one_filter_and_an_edit_of_one_is_compiled_anew(tmp_path, monkeypatch):
    text = run(
        tmp_path,
        monkeypatch,
        "%wasm_mesh local",
        *(PROTO, HEADER, SOURCE, CELL),
        SEEN.replace("{NAMES}", "('one', 'two')"),
        SOURCE.replace('"!"', '"?"'),
        f"%wasm_deploy several {WHERE}",
        SEEN.replace("{NAMES}", "('one', 'two')"),
        "%wasm_mesh stop",
    )
    assert re.findall(r"SEEN (\{.*?\})", text) == ["{'one': '1!', 'two': '2!'}", "{'one': '1?', 'two': '2?'}"]
    assert "compile several anew" in text


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ([PROTO.replace("map<string", "mapp<string"), HEADER, SOURCE], "at filter.proto line 3, column 22"),
        ([PROTO, HEADER, SOURCE.replace("text +", "txet +")], "at util.cc line 3, column 53"),
        ([PROTO, HEADER.replace("std::string&", "std::sting&"), SOURCE], "at util.h line 4, column 30"),
        ([PROTO, HEADER], "there is no function 'shout(std::__1::basic_string"),
        ([HEADER, SOURCE], "%%wasm_file filter.proto"),
    ],
)
def test_errors_name_the_file_and_the_line_of_its_cell(tmp_path, monkeypatch, cells, error):
    cell = CELL.replace(f" --deploy app=details {CONFIG}", "")
    with pytest.raises(CellExecutionError) as caught:
        run(tmp_path, monkeypatch, *cells, cell)
    assert error in " ".join(words(str(caught.value)).split())
