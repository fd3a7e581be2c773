"""The cases of a session's filters, by name: those that a cell wrote last, and those of a project folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.budget import Budget
from wasmnb.cases import BudgetError, Runner, Suite, TestResults, read
from wasmnb.cases.bench import PLAIN, WHATS, measure
from wasmnb.cases.folder import case_files, module_of, rooted, suites
from wasmnb.cases.observation import Exchange as Seen
from wasmnb.cases.recorded import appended, recorded
from wasmnb.compile import Filter
from wasmnb.errors import BadNameError, UsageError
from wasmnb.paths import write_atomically
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wasmnb.cases import Case, Environment, HostName
    from wasmnb.cases.bench import Costs
    from wasmnb.cases.model import FilterInChain
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = ["Cases"]


class Cases:
    """The cases of filters by name, with their texts; and the hosts that run them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Suite, str]] = {}

    def keep(self, name: str, text: str) -> Suite:
        """Read the cases of a filter, and remember them.

        Raises
        ------
        ConfigError
            They are none.
        """
        suite = read(text, source="cell")
        self._known[name] = (suite, text)
        return suite

    def get(self, name: str) -> Suite:
        """Give the cases of a filter.

        Raises
        ------
        BadNameError
            It has none.
        """
        if name not in self._known:
            raise BadNameError(
                f"The filter {name!r} has no cases.",
                hint=Wording(
                    "a cell that begins with {} writes them",
                    Verb("test", (name,), cell=True),
                    python=Wording("{} takes them", Verb("test", (name, "CASES"))),
                ),
            )
        return self._known[name][0]

    def text(self, name: str) -> str:
        """Give the text of a filter's cases; empty where it has none."""
        return self._known[name][1] if name in self._known else ""

    def record(
        self, name: str, taken: Exchange, module: Module, environment: Environment, secrets: Collection[str]
    ) -> None:
        """Add a case to those of a filter: this request, and what of its answer is the filter's, without secrets.

        Raises
        ------
        UsageError
            The filter alone answers otherwise.
        """
        text = self.text(name)
        names = {case.name for case in self._known[name][0].cases} if text else set()
        about = f"{taken.request.method} {redact.url(taken.request.path)}: {taken.response.status}"
        title = next(one for one in chain([about], (f"{about} ({n})" for n in count(2))) if one not in names)
        with Runner() as runner:

            def run(case: Case) -> Seen:
                seen = runner.case(case, [module]).observation
                return seen.exchanges[0] if seen.exchanges else Seen(failure="; ".join(seen.refused))

            item = recorded(taken, environment, run, name=title, secrets=secrets)
        self.keep(name, appended(text, item))

    def names(self) -> Collection[str]:
        """Give the filters that have some."""
        return self._known.keys()

    def known(self, name: str) -> Suite:
        """Give the cases of a filter; plain requests where it has none."""
        return self._known[name][0] if name in self._known else PLAIN

    def save(self, name: str, folder: str | Path) -> Path:
        """Write the cases of a filter to a file of a folder.

        Raises
        ------
        BadNameError
            It has none, or the folder cannot be written.
        """
        self.get(name)
        file = Path(folder).expanduser() / f"{name}.wasmtest.yaml"
        text = self._known[name][1].strip("\n") + "\n"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, text.encode())
        except OSError as error:
            raise BadNameError(f"The cases cannot be written to {str(file)!r}: {error.strerror}.") from error
        return file

    def run(self, name: str, module: Module, host: HostName | str) -> TestResults:
        """Run the cases of a filter.

        Raises
        ------
        BadNameError
            It has none.
        """
        with Runner(host) as runner:
            return replace(runner.run(self.get(name), module), name=name)


def measured(suite: Suite, module: Module, against: Module | None, budgets: Sequence[str], *, envoy: bool) -> Costs:
    """Count what a filter costs, and hold it against budgets.

    Raises
    ------
    UsageError
        There is a budget and nothing to compare with, or one that cannot be read.
    BudgetError
        Something grew by more than a budget allows.
    ModuleError
        wasmtime is not installed, or a module does not start.
    """
    read_budgets = [Budget.parse(text, WHATS) for text in budgets]
    if read_budgets and against is None:
        raise UsageError(
            "A budget says by how much a filter may grow, and there is nothing that it grew from.",
            hint=Wording("add {}", Option("against", "DIGEST")),
        )
    costs = measure(suite, module, against=against, envoy=envoy)
    for budget in read_budgets:
        if costs.over(budget):
            raise BudgetError.of(budget, costs)
    return costs


def built_with_cases(folder: Path, progress: Progress | None) -> tuple[Suite, Module]:
    """Give the cases of a project folder and what it builds; plain requests where it has none.

    Raises
    ------
    UsageError
        Its files of cases are about several modules.
    ConfigError, CompileError, ToolchainError, ModuleError
    """
    if not case_files(folder):
        return PLAIN, Filter.from_folder(folder).build(progress=progress)
    found = suites(folder)
    modules = {_place(suite) for suite in found}
    if len(modules) > 1:
        named = next(Path(suite.folder or folder, suite.module) for suite in found if suite.module)
        raise UsageError(
            f"The cases of {folder.name!r} are about several modules.",
            why=[f"{suite.source}: {suite.module or 'what the folder builds'}" for suite in found],
            hint=Wording("name one of the modules: {}", Verb("bench", (str(named),))),
        )
    module = module_of(found[0], progress=progress)
    twice = Counter(case.name for suite in found for case in suite.cases)
    cases = tuple(
        replace(
            rooted(case, suite, module),
            name=_named(case, suite) if twice[case.name] > 1 else case.name,
            filters=tuple(_placed(one, suite, module) for one in case.filters),
        )
        for suite in found
        for case in suite.cases
    )
    return replace(found[0], cases=cases), module


def _place(suite: Suite) -> Path | None:
    """Where the module lies that a file's cases are about: files in several folders may call theirs the same."""
    return Path(suite.folder or "", suite.module).resolve() if suite.module else None


def _placed(one: FilterInChain, suite: Suite, module: Module) -> FilterInChain:
    """Give a filter of a chain as a file in any other folder would name it."""
    if one.module in ("", module.name):
        return one
    return replace(one, module=str(Path(suite.folder or "", one.module).resolve()))


def _named(case: Case, suite: Suite) -> str:
    return f"{Path(suite.source).name}: {case.name}"


def run_folder(folder: str | Path, host: HostName | str, progress: Progress | None) -> TestResults:
    """Run the cases of a project folder on what the folder builds, or on the modules that its files name.

    Raises
    ------
    UsageError
        There are none.
    """
    found: list[TestResults] = []
    built: dict[Path | None, Module] = {}
    with Runner(host) as runner:
        for suite in suites(folder):
            place = _place(suite)
            if place not in built:
                built[place] = module_of(suite, progress=progress)
            module = built[place]
            own = tuple(rooted(case, suite, module) for case in suite.cases)
            found.append(runner.run(replace(suite, cases=own), module))
    return TestResults(tuple(one for results in found for one in results), name=str(folder))
