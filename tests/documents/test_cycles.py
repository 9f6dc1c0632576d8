"""Loops in chains of events: found exactly, however many links there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents.cycles import loops

NAMES = st.sampled_from("abcdef")
LINKS = st.dictionaries(NAMES, st.sets(NAMES, max_size=3), max_size=6)


def _reached(links: dict[str, set[str]], start: str) -> set[str]:
    """Return the events that one or more links lead to."""
    reached: set[str] = set()
    pending = [start]
    while pending:
        for link in links.get(pending.pop(), ()):
            if link in links and link not in reached:
                reached.add(link)
                pending.append(link)
    return reached


@given(LINKS)
def test_events_on_a_loop_and_between_loops_are_found(links: dict[str, set[str]]) -> None:
    """An event is found exactly if it reaches a loop and a loop reaches it."""
    ways = {event: _reached(links, event) for event in links}
    looping = {event for event in links if event in ways[event]}
    expected = {
        event
        for event in links
        if looping & (ways[event] | {event}) and any(event in ways[other] for other in looping)
    }
    assert loops(links) == expected


def test_a_long_chain_is_no_loop_until_its_end_leads_back() -> None:
    """A chain of many events is no loop; one more link makes all of them one."""
    chain = {str(number): {str(number + 1)} for number in range(50_000)}
    assert loops(chain) == set()
    chain["50000"] = {"0"}
    assert len(loops(chain)) == 50_001
