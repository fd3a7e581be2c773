"""Tests of filters: what a request must look like behind a filter, as data, and on which host it was found to be so."""

from wasmnb.cases.model import (
    Answer,
    Case,
    Environment,
    Expectation,
    Failure,
    FilterInChain,
    Immediate,
    Invocation,
    Matcher,
    Outcome,
    Phase,
    Stream,
    Suite,
)
from wasmnb.cases.reader import load, read
from wasmnb.cases.schema import schema

__all__ = [
    "Answer",
    "Case",
    "Environment",
    "Expectation",
    "Failure",
    "FilterInChain",
    "Immediate",
    "Invocation",
    "Matcher",
    "Outcome",
    "Phase",
    "Stream",
    "Suite",
    "load",
    "read",
    "schema",
]
