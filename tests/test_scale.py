"""The simulation of builds of any size: what must hold whatever a step costs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scale import Costs, full, makespan, night, sizes
from pipeline.model.ranges import MOST_PAPERS

_TASKS = st.lists(st.floats(0.01, 100), max_size=40)
_COSTS = Costs(
    start=1,
    listed=1e-5,
    staged=1e-3,
    noted=1e-6,
    planned=1,
    modelled=1e-4,
    folded=1e-6,
    published=1e-6,
    night=1,
    known=1e-6,
    rewritten=1e-4,
    second=0.7,
    staging_bytes=3000,
    table_bytes=2400,
    worker_bytes=2**28,
    main_bytes=2**29,
)


@given(_TASKS, st.integers(1, 20))
def test_workers_end_between_an_equal_share_and_the_longest_task_more(
    tasks: list[float], workers: int
) -> None:
    """One worker takes the sum; several take at least their share, and at most one task more."""
    ends, total, longest = makespan(tasks, workers), sum(tasks), max(tasks, default=0)
    slack = 1e-6 * (1 + total)
    assert max(total / workers, longest) - slack <= ends <= total / workers + longest + slack
    assert abs(makespan(tasks, 1) - total) <= slack


@settings(max_examples=30)
@given(st.integers(1, 400_000))
def test_ranges_hold_all_papers(papers: int) -> None:
    """The sizes of the ranges add up, and none holds more than a range may."""
    assert sum(sizes(papers)) == papers
    assert max(sizes(papers)) <= MOST_PAPERS


@settings(max_examples=30)
@given(st.integers(1000, 300_000), st.integers(1, 64))
def test_more_papers_take_longer_and_more_workers_do_not(papers: int, workers: int) -> None:
    """On one worker, twice the papers take longer; twice the workers are never slower.

    On many workers it takes as long as its largest range, and that may be halved by more papers.
    """
    assert full(_COSTS, papers * 2, 1) > full(_COSTS, papers, 1)
    if workers > 1:
        assert full(_COSTS, papers, workers * 2) <= full(_COSTS, papers, workers)


def test_a_night_costs_what_it_rewrites() -> None:
    """A night that touches every range costs more than one that touches the last."""
    last = night(_COSTS, 200_000, 2000, sizes(200_000)[-1], 2)
    assert last < night(_COSTS, 200_000, 2000, 200_000, 2)
    assert night(replace(_COSTS, rewritten=0), 200_000, 2000, 200_000, 2) < last
