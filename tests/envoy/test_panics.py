"""What a filter logged before its VM crashed, read from the lines of an Envoy's log."""

from __future__ import annotations

import pytest

from wasmnb.envoy.log import traps
from wasmnb.envoy.panics import Panic, Spoken, panic_of
from wasmnb.envoy.traps import own_words, panic_lines, summary

AT = "[2026-11-29 14:04:18.469]"
TRAP = f"{AT}[7][error][wasm] [y.cc:38] Function: proxy_on_log failed: Uncaught RuntimeError: unreachable"


def own(text, *, level="error", thread=7, name="one"):
    return f"{AT}[{thread}][{level}][wasm] [x.cc:1157] wasm log {name} root vm: {text}"


def spoken(*texts, level="error"):
    return [Spoken("7", level, "wasm log one root vm", text) for text in texts]


def test_only_what_the_thread_said_right_before_is_the_traps():
    lines = [
        own("of before"),
        f"{AT}[7][info][wasm] [z.cc:1] something of Envoy's",
        own("first"),
        own("elsewhere", thread=8),
        f"{AT}[7][trace][wasm] [z.cc:1] [vm->host] env.proxy_log(1, 2, 3)",
        own("second"),
        "  goes on",
        TRAP,
    ]
    assert [one.text for one in traps(lines)[0].words] == ["first", "second\ngoes on"]
    assert traps([own("another's"), own("its own", name="two"), TRAP])[0].words[0].is_of("two")
    assert [trap.words for trap in traps([own("x"), TRAP, TRAP])][1] == ()


def test_the_words_of_another_plugin_are_not_quoted():
    (trap,) = traps([own("no such tenant"), TRAP])
    assert summary(None, trap, "one") == "Uncaught RuntimeError: unreachable, after it logged: no such tenant"
    assert own_words(["version", *panic_lines(None, trap, "one")]) == "no such tenant"
    assert not own_words(["version"])
    assert summary(None, trap, "two") == "Uncaught RuntimeError: unreachable"
    assert Spoken("7", "error", "wasm log home.one root", "").is_of("one")
    assert not Spoken("7", "error", "wasm log", "").is_of("one")


@pytest.mark.parametrize(
    ("texts", "panic"),
    [
        (["panicked at src/lib.rs:4:9:\nindex out\nof bounds"], Panic("index out\nof bounds", "src/lib.rs", 4)),
        (["panicked at 'no: it's empty', src/lib.rs:4:9"], Panic("no: it's empty", "src/lib.rs", 4)),
        (["abort: Key does not exist at: ~lib/map.ts(105:17)"], Panic("Key does not exist", "~lib/map.ts", 105)),
        (["panic: ", "a", " [recovered]", "", "\t", "panic: ", "b", "", "", "goroutine ", "1"], Panic("b")),
        (["fatal error: ", "deadlock!", "", "", "goroutine ", "1", " [", "]:"], Panic("fatal error: deadlock!")),
        (["[/a/cell.cc:6]::onLog() bad: 1"], Panic("bad: 1", "/a/cell.cc", 6, sure=False)),
        (["out_of_range was thrown"], Panic("out_of_range was thrown", sure=False)),
    ],
)
def test_a_panic_is_read_in_each_languages_form(texts, panic):
    assert panic_of(spoken(*texts)) == panic


def test_go_names_the_filters_own_frame_among_those_of_libraries():
    pieces = ["panic: ", "bad", "\n[signal ", "0xb", "]", "", "", "goroutine ", "1", " [", "running", "]:"]
    pieces += ["strings.Repeat", "(", "...", ")", "\t", "strings/strings.go", ":", "600", "", "example.com/x/domain.F"]
    pieces += ["(", "0x1", ")", "\t", "example.com/x/domain/f.go", ":", "3", " +", "0x2", "", "main.(*f).G", "(", "{"]
    pieces += ["0x1", ", ", "0x2", "}", ")", "\t", "example.com/x/main.go", ":", "18", " +", "0x2", ""]
    assert panic_of(spoken(*pieces)) == Panic("bad", "example.com/x/main.go", 18)


def test_what_is_no_fault_is_not_taken_for_the_reason():
    assert panic_of(spoken("a request came", level="info")) is None
    assert panic_of([]) is None
