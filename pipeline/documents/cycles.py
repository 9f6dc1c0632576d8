"""Loops in the chains of events, found in time linear in the number of links."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def loops(links: Mapping[str, Collection[str]]) -> set[str]:
    """Return the events that stand on a loop, or on a way from one loop to another.

    Args:
        links: event id to the ids that it names; an id that is not a key is ignored.
    """
    known = {event: {link for link in named if link in links} for event, named in links.items()}
    return set(_endless(_reversed(_endless(known))))


def _endless(links: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the links without the events from which every path ends."""
    back = _reversed(links)
    left = {event: len(named) for event, named in links.items()}
    ended = [event for event, count in left.items() if not count]
    while ended:
        for event in back[ended.pop()]:
            left[event] -= 1
            if not left[event]:
                ended.append(event)
    return {
        event: {link for link in named if left[link]}
        for event, named in links.items()
        if left[event]
    }


def _reversed(links: dict[str, set[str]]) -> dict[str, set[str]]:
    back: dict[str, set[str]] = {event: set() for event in links}
    for event, named in links.items():
        for link in named:
            back[link].add(event)
    return back
