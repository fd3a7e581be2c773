"""Tests of filters: what a request must look like behind a filter, as data, and on which host it was found to be so."""

from wasmnb.cases.errors import BudgetError, CasesFailedError
from wasmnb.cases.judge import Check, judge
from wasmnb.cases.junit import junit
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
from wasmnb.cases.results import CaseResult, Mark, TestResults
from wasmnb.cases.run import HostName, Runner, run
from wasmnb.cases.schema import schema

__all__ = [
    "Answer",
    "BudgetError",
    "Case",
    "CaseResult",
    "CasesFailedError",
    "Check",
    "Environment",
    "Expectation",
    "Failure",
    "FilterInChain",
    "HostName",
    "Immediate",
    "Invocation",
    "Mark",
    "Matcher",
    "Outcome",
    "Phase",
    "Runner",
    "Stream",
    "Suite",
    "TestResults",
    "judge",
    "junit",
    "load",
    "read",
    "run",
    "schema",
]
