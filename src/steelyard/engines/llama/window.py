# SPDX-License-Identifier: Apache-2.0
"""A context of llama.cpp: keys and values of sequences that share their beginnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.errors import EngineError
from steelyard.engines.llama.library import Library

if TYPE_CHECKING:
    from steelyard.engines.llama.model import Model
    from steelyard.engines.sampling import Floats

BATCH = 512  # tokens of a call at most; scores are the same to the bit in smaller ones
_LEAST_BATCH = 32
_ATTENTION = 1 << 30  # bytes of attention scores of a call at most: heads x batch x cells x 4
_LOGITS = 1 << 28  # bytes of logits of a call at most: batch x vocabulary x 4
SEQUENCES = 16  # that a context knows; sequence 0 is the common prefix
_SPARE = SEQUENCES - 1  # for a token nobody asked for
_CELLS = 4096  # tokens whose keys and values there is room for at first
_FLASH_ATTENTION_OFF = 0  # with it, a score depends on what else is in its batch, by up to .6 nat


class Entry(msgspec.Struct, frozen=True):
    """A token to compute.

    Attributes:
        token: The token.
        position: Its position, from 0.
        sequences: The sequences it belongs to, at least one.
        wanted: Whether the logits of what follows are wanted.
    """

    token: int
    position: int
    sequences: tuple[int, ...]
    wanted: bool


class Window:
    """Computes tokens behind those it holds; sequence 0 is the common prefix."""

    def __init__(self, model: Model, library: Library, threads: int) -> None:
        self._model = model
        self._library = library
        self._threads = threads
        self._handle: Any = None
        self._cells = 0
        self._most = BATCH
        self._batch: Any = library.lib.llama_batch_init(BATCH, 0, SEQUENCES)

    def reserve(self, cells: int) -> bool:
        """Make room for so many tokens; return whether all that was held is lost by that.

        Raises:
            EngineError: There is no memory for it.
        """
        if self._handle and cells <= self._cells:
            return False
        self._free()
        lib = self._library.lib
        settings = lib.llama_context_default_params()
        settings.n_ctx = _rounded(cells)
        self._most = _batch(self._model, settings.n_ctx)
        settings.n_batch = settings.n_ubatch = self._most
        settings.n_seq_max = SEQUENCES
        settings.n_outputs_max = settings.n_outputs_max_per_seq = self._most
        settings.n_threads = settings.n_threads_batch = self._threads
        settings.flash_attn_type = _FLASH_ATTENTION_OFF
        settings.kv_unified = True
        self._handle = lib.llama_init_from_model(self._model.handle, settings)
        if not self._handle:
            raise EngineError(
                f"llama.cpp cannot make a context of {settings.n_ctx:,} tokens:"
                f" {self._library.complaint() or 'no reason given'}",
                hint="score with fewer tokens at once, or on a machine with more memory",
            )
        self._cells = int(settings.n_ctx)
        return True

    def share(self, sequence: int) -> None:
        """Let a sequence begin with all that the common prefix holds."""
        lib = self._library.lib
        lib.llama_memory_seq_cp(lib.llama_get_memory(self._handle), 0, sequence, -1, -1)

    def drop(self, sequence: int, start: int = 0) -> None:
        """Forget a sequence from a position on."""
        lib = self._library.lib
        memory = lib.llama_get_memory(self._handle)
        if not lib.llama_memory_seq_rm(memory, sequence, start, -1):
            raise EngineError("llama.cpp cannot forget a part of a sequence of this model")

    def compute(self, entries: Sequence[Entry]) -> Iterator[Floats]:
        """Yield the logits of the wanted entries, each a copy, in order; all are to be taken.

        Args:
            entries: Parents before children.

        Raises:
            EngineError: It failed.
        """
        for at in range(0, len(entries), self._most):
            yield from self._decode(entries[at : at + self._most])

    def compute_alone(self, entries: Sequence[Entry]) -> Iterator[Floats]:
        """Yield what `compute` does, to the bit the same for any number of entries.

        A single token is multiplied by other kernels than several, so it is given company: behind
        it, for what lies before it would move it to another place in memory.
        """
        if len(entries) % self._most != 1:
            yield from self.compute(entries)
            return
        try:
            yield from self.compute([*entries, Entry(entries[0].token, 0, (_SPARE,), False)])
        finally:
            self.drop(_SPARE)

    def close(self) -> None:
        """Let go of everything."""
        self._free()
        if self._batch is not None:
            self._library.lib.llama_batch_free(self._batch)
            self._batch = None

    def _decode(self, entries: Sequence[Entry]) -> Iterator[Floats]:
        lib, batch = self._library.lib, self._batch
        batch.n_tokens = len(entries)
        for index, entry in enumerate(entries):
            batch.token[index] = entry.token
            batch.pos[index] = entry.position
            batch.n_seq_id[index] = len(entry.sequences)
            for number, sequence in enumerate(entry.sequences):
                batch.seq_id[index][number] = sequence
            batch.logits[index] = entry.wanted
        if code := lib.llama_decode(self._handle, batch):
            raise EngineError(
                f"llama.cpp failed on {len(entries):,} tokens with code {code}:"
                f" {self._library.complaint() or 'no reason given'}"
            )
        wanted = [index for index, entry in enumerate(entries) if entry.wanted]
        yield from (self._row(index, entries[index].position) for index in wanted)

    def _row(self, index: int, position: int) -> Floats:
        import numpy as np

        ffi, size = self._library.ffi, self._model.vocabulary
        pointer = self._library.lib.llama_get_logits_ith(self._handle, index)
        row: Floats = np.frombuffer(ffi.buffer(pointer, 4 * size), dtype=np.float32).copy()
        if not np.isfinite(row.max()) or np.isnan(row).any():
            raise EngineError(
                f"the model computed no number after token {position:,} of a sequence",
                hint="the weights are damaged, or their quantisation does not fit the model",
            )
        return row

    def _free(self) -> None:
        if self._handle:
            self._library.lib.llama_free(self._handle)
            self._handle = None
            self._cells = 0


def window_bytes(model: Model, cells: int) -> int | None:
    """Return about how many bytes a window for so many tokens takes; None where nobody can tell."""
    if model.token_bytes is None:
        return None
    room = _rounded(cells)
    most = _batch(model, room)
    return room * model.token_bytes + 4 * most * (model.heads * room + model.vocabulary)


def _rounded(cells: int) -> int:
    """Return a number of cells in coarse steps: to grow is to lose what is held."""
    step = max(_CELLS, (1 << cells.bit_length()) >> 3)
    return max(step, -(-cells // step) * step)


def _batch(model: Model, cells: int) -> int:
    """Return how many tokens a call takes: fewer the longer the context and the vocabulary."""
    most = min(_ATTENTION // (4 * model.heads * cells), _LOGITS // (4 * model.vocabulary))
    return max(_LEAST_BATCH, min(BATCH, 1 << most.bit_length() >> 1))


def chain(tokens: Iterable[int], start: int, sequence: int, *, last: bool) -> list[Entry]:
    """Return the entries of tokens that follow each other in one sequence.

    Args:
        tokens: The tokens.
        start: Position of the first.
        sequence: The sequence.
        last: Whether the logits after the last one are wanted.
    """
    given = list(tokens)
    return [
        Entry(token, start + index, (sequence,), last and index == len(given) - 1)
        for index, token in enumerate(given)
    ]
