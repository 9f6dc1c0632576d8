"""Writing a synthetic dump in chunks. Any process can make any chunk, so memory does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self

import orjson

from pipeline.errors import PithEtlError, UsageError
from pipeline.executors import WorkerKilledError, local_executor, run_all
from pipeline.synth.documents import Draft
from pipeline.synth.papers import Paper, paper, random_of
from pipeline.synth.signer import FORGER_SEED, Signer
from pipeline.synth.tamper import Scene, tamper
from pipeline.vocabulary import PAPER_KINDS, Kind

#: Papers whose documents go into one directory, or into one .ndjson file a kind.
_CHUNKS = {"files": 1000, "ndjson": 10_000}


#: The kinds of documents that a dump can hold.
KINDS: Final[tuple[Kind, ...]] = (*PAPER_KINDS, "integrity")


class SynthError(PithEtlError):
    """The dump cannot be written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make. The same plan makes the same documents in either layout.

    Attributes:
        papers: how many papers, each with one document of every kind in `kinds`.
        directory: receives `documents/`, `keyring.json` and `tampered.jsonl`.
        seed: another seed, other papers.
        layout: `files` (one document each) or `ndjson` (one document a line).
        tamper: the share of the documents that is tampered with, at most one of a paper.
        events: least and most events of a bundle, 2 or more.
    """

    papers: int
    directory: Path
    seed: int = 0
    layout: str = "files"
    kinds: tuple[Kind, ...] = PAPER_KINDS
    tamper: float = 0.0
    events: tuple[int, int] = (2, 2)


class Made(NamedTuple):
    """What was written of a chunk, from paper `start` on, and its lines of `tampered.jsonl`."""

    start: int
    documents: int
    size: int
    tampered: list[bytes]


def write(plan: Plan, workers: int) -> tuple[int, int, int]:
    """Write a dump; return its documents, their bytes, and how many are tampered with.

    Raises:
        UsageError: the directory holds something already, or the share is of more
            than one document of each paper.
        SynthError: the directory cannot be written, or a process was killed.
    """
    if plan.tamper * len(plan.kinds) > 1:
        most = f"{1 / len(plan.kinds):.3g}"
        message = f"at most one document of a paper is tampered with: a share of {most}"
        raise UsageError(message)
    try:
        return _write(plan, workers)
    except OSError as error:
        message = f"cannot write the dump {plan.directory}: {error}"
        raise SynthError(message) from error
    except WorkerKilledError as error:
        message = (
            f"a process that wrote {plan.directory} was killed, perhaps for want of memory; "
            "delete the directory and start again"
        )
        raise SynthError(message) from error


def _write(plan: Plan, workers: int) -> tuple[int, int, int]:
    documents = plan.directory / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    if any(documents.iterdir()):
        message = f"{documents} is not empty: name another directory"
        raise UsageError(message)
    keyring = orjson.dumps(Signer().keyring(), option=orjson.OPT_INDENT_2)
    (plan.directory / "keyring.json").write_bytes(keyring + b"\n")
    count = size = tampered = 0
    with (plan.directory / "tampered.jsonl").open("wb") as listing:
        for made in _chunks(plan, workers):
            count, size = count + made.documents, size + made.size
            tampered += len(made.tampered)
            listing.writelines(made.tampered)
    return count, size, tampered


def _chunks(plan: Plan, workers: int) -> Iterator[Made]:
    """Yield what was written of each chunk, in order."""
    starts = range(0, plan.papers, _CHUNKS[plan.layout])
    make = partial(_write_chunk, plan)
    workers = min(workers, len(starts))
    # a chunk that is done early waits for those before it
    early: dict[int, Made] = {}
    waiting = iter(starts)
    next_start = next(waiting, -1)
    with local_executor(workers) as executor:
        for made in run_all(executor, make, iter(starts), workers):
            early[made.start] = made
            while early and (following := early.pop(next_start, None)):
                yield following
                next_start = next(waiting, -1)


def _write_chunk(plan: Plan, start: int) -> Made:
    stop = min(start + _CHUNKS[plan.layout], plan.papers)
    maker, size, tampered = _Maker(plan), 0, list[bytes]()
    with _Output(plan, start // _CHUNKS[plan.layout]) as output:
        for index in range(start, stop):
            for document in maker.documents(index):
                place = output.put(document)
                size += len(document.raw)
                if document.tampered:
                    line = {**place, **document.tampered}
                    tampered.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    return Made(start, (stop - start) * len(plan.kinds), size, tampered)


class _Document(NamedTuple):
    """A document to write; `tampered` is its line in `tampered.jsonl`, if it has one."""

    kind: Kind
    identifier: str
    raw: bytes
    tampered: dict[str, Any] | None


class _Output:
    """The files of one chunk, in either layout."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._root, self._plan, self._number = plan.directory / "documents", plan, number
        self._streams = dict[str, IO[bytes]]()
        self._positions = dict.fromkeys(plan.kinds, 0)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for kind in self._plan.kinds:
            if self._plan.layout == "ndjson":
                stream = (self._root / self._lines(kind)).open("wb")
                self._streams[kind] = self._stack.enter_context(stream)
            else:
                (self._root / self._folder(kind)).mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, document: _Document) -> dict[str, Any]:
        """Write a document; return its path below `documents/` and its position."""
        if self._plan.layout == "ndjson":
            self._streams[document.kind].write(document.raw + b"\n")
            self._positions[document.kind] += 1
            position = self._positions[document.kind]
            return {"path": self._lines(document.kind), "position": position}
        path = f"{self._folder(document.kind)}/{document.identifier}.json"
        (self._root / path).write_bytes(document.raw)
        return {"path": path, "position": 1}

    def _folder(self, kind: Kind) -> str:
        return f"{kind}/{self._number:04}"

    def _lines(self, kind: Kind) -> str:
        return f"{kind}-{self._number:04}.ndjson"


class _Maker:
    """The documents of any paper of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._signer = Signer()

    def documents(self, index: int) -> Iterator[_Document]:
        """Yield a paper's documents, one of them perhaps tampered with."""
        plan, rng = self._plan, random_of(self._plan.seed, index, 3)
        event_count = rng.randint(*plan.events)
        draft = self._draft(self._paper(index), self._signer, event_count)
        chosen = plan.kinds[index % len(plan.kinds)]
        victim = chosen if rng.random() < plan.tamper * len(plan.kinds) else None
        for kind in plan.kinds:
            raw, facts = _raw(draft, kind), None
            if kind == victim:
                raw, facts = self._tampered(draft, kind, raw)
            yield _Document(kind, draft.identifier, raw, facts)

    def _tampered(self, draft: Draft, kind: Kind, raw: bytes) -> tuple[bytes, dict[str, Any]]:
        index, count = draft.paper.index, len(draft.event_types)
        scene = Scene(
            raw=raw,
            kind=kind,
            beside=frozenset(self._plan.kinds) - {kind},
            draft=draft,
            signer=self._signer,
            donor=lambda: self._draft(self._paper(self._plan.papers + index), self._signer, 2),
            forgery=lambda: self._draft(_misattributed(draft.paper), Signer(FORGER_SEED), count),
        )
        name, result = tamper(scene, index // len(self._plan.kinds))
        facts = {
            "pith_number": draft.pith_number,
            "kind": kind,
            "tamper": name,
            "pointer": result.pointer,
            "findings": sorted(result.findings),
        }
        return result.raw, facts

    def _paper(self, index: int) -> Paper:
        return paper(self._plan.seed, index, self._plan.papers)

    def _draft(self, facts: Paper, signer: Signer, event_count: int) -> Draft:
        def citing() -> tuple[str, str, str]:
            # a paper that nobody cites is cited by its neighbour
            near = (facts.index + 1) % self._plan.papers
            other = self._paper(facts.citing[0].number if facts.citing else near)
            number = self._draft(other, self._signer, 2).pith_number
            return other.source_id, number, other.title

        return Draft(facts, signer, event_count, citing)


def _raw(draft: Draft, kind: Kind) -> bytes:
    if kind == "state":
        return draft.state
    if kind == "integrity":
        return draft.integrity()
    return draft.bundle() if kind == "bundle" else draft.record()


def _misattributed(facts: Paper) -> Paper:
    return replace(facts, authors=f"{facts.authors}, Mallory")
