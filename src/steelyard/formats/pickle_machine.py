# SPDX-License-Identifier: Apache-2.0
"""Follow a pickle opcode by opcode, without running any of it.

The machine keeps the stack, the marks and the memo that an unpickler would, but of values that stand
for what an unpickler would make (`pickle_values`). It imports nothing, calls nothing and judges
nothing: what the pickle would do to its loader goes to a log (`pickle_events`). Where unpicklers
differ (the C and the Python one, joblib's) it accepts what any of them accepts.

Source: CPython's Lib/pickle.py and Modules/_pickle.c, 3.11 to 3.14.
"""

import struct

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.joblib import Layout, array_layout
from steelyard.formats.pickle_events import Event, Log
from steelyard.formats.pickle_state import State, Stopped
from steelyard.formats.pickle_table import HANDLERS, OPCODES, may_act
from steelyard.formats.pickle_values import FIRST_ITEMS, Call, Value
from steelyard.formats.port import Budget
from steelyard.formats.source import Source

_WINDOWS = (4 << 10, 64 << 10, 1 << 20)  # bytes read at a time: the first, the second, the others
_GUARD = 300  # bytes; no opcode with a short argument is longer
_LIVE = 4_000_000  # values of one pickle that are kept at a time
_SIEVE = 256  # bytes behind a raw array that are looked at first

OWN = frozenset(
    {
        "NumpyArrayWrapper",
        "OrderedDict",
        "Parameter",
        "_rebuild_from_type_v2",
        "_rebuild_parameter",
        "_rebuild_parameter_with_state",
        "_rebuild_qtensor",
        "_rebuild_tensor",
        "_rebuild_tensor_v2",
        "_rebuild_tensor_v3",
        "dtype",
    }
)
"""Names of callables whose arguments a reader of tensors or arrays needs, one by one."""


class Machine:
    """Follows one pickle.

    Args:
        source: The layer that holds it.
        offset: Where it begins.
        budget: What may be spent.
        depth: How many arrays of objects it is nested in.
        first_items: How many items of a container are kept whatever they are.

    Attributes:
        state: Where it stands.
        opcodes: Opcodes followed.
        error: Why it cannot be followed to its end; empty while it can.
        error_at: Offset of the opcode that says so; -1 while there is none.
        hidden: What the bytes of joblib's arrays do to a loader that takes them for opcodes.
        reread: The same for joblib's arrays of objects, which are pickles with a memo of their own: to
            such a loader they mean something else.
        log: What it does.
    """

    def __init__(
        self,
        source: Source,
        offset: int,
        budget: Budget,
        *,
        depth: int = 1,
        first_items: int = FIRST_ITEMS,
    ) -> None:
        self.log = Log(OWN)
        self.state = State(source, offset, self.log, first_items)
        self.state.raw_array = self._raw_array
        self.opcodes = 0
        self.error = ""
        self.error_at = -1
        self.hidden: list[Event] = []
        self.reread: list[Event] = []
        self._budget = budget
        self._depth = depth
        self._windows = 0

    @property
    def stopped(self) -> bool:
        """Tell whether STOP was reached."""
        return self.state.end >= 0

    @property
    def result(self) -> Value:
        """Return what the pickle gives, as far as bytes tell."""
        return self.state.result

    @property
    def acts(self) -> bool:
        """Tell whether it imports or changes anything, as far as it was followed.

        A persistent id alone does nothing: unpicklers without a use for it raise.
        """
        return bool(self.log.events)

    def run(self) -> "Machine":
        """Follow it to its end, or to the opcode at which no unpickler would go on."""
        while self.step():
            pass
        return self

    def step(self) -> bool:
        """Follow one window of it; return whether there is more to follow."""
        try:
            self._step()
        except Stopped:
            return False
        except MalformedError as error:
            self.error = error.message
            self.error_at = error.at if error.at >= 0 else self.state.at
            return False
        return True

    def _step(self) -> None:
        state = self.state
        size = state.source.size
        if state.base >= size:
            raise MalformedError("it ends without STOP", at=size)
        window = _WINDOWS[min(self._windows, 2)]
        self._windows += 1
        data = state.source.read(state.base, window)
        limit = len(data) - _GUARD
        if state.base + len(data) >= size:
            limit, data = len(data), data + bytes(_GUARD)
        state.data = data
        before = self.opcodes
        try:
            state.base += self._follow(data, max(1, limit))
        finally:
            self._budget.spend_opcodes(self.opcodes - before)
        self._check_live()

    def _follow(self, data: bytes, limit: int) -> int:
        """Follow opcodes from the window's beginning until one begins at or behind a position."""
        state, handlers = self.state, HANDLERS
        stack, memo = state.stack, state.memo
        pos = count = 0
        try:
            while pos < limit:
                op = data[pos]
                count += 1
                if op == 0x8C:  # SHORT_BINUNICODE
                    end = pos + 2 + data[pos + 1]
                    stack.append(data[pos + 2 : end].decode("utf-8", "surrogatepass"))
                    pos = end
                elif op == 0x94:  # MEMOIZE
                    memo[len(memo)] = stack[-1]
                    pos += 1
                elif op == 0x4B:  # BININT1
                    stack.append(data[pos + 1])
                    pos += 2
                elif op == 0x4D:  # BININT2
                    stack.append(data[pos + 1] | data[pos + 2] << 8)
                    pos += 3
                elif op == 0x68:  # BINGET
                    stack.append(memo[data[pos + 1]])
                    pos += 2
                elif op == 0x71:  # BINPUT
                    memo[data[pos + 1]] = stack[-1]
                    pos += 2
                elif op == 0x72:  # LONG_BINPUT
                    memo[int.from_bytes(data[pos + 1 : pos + 5], "little")] = stack[-1]
                    pos += 5
                else:
                    state.at = state.base + pos
                    pos = handlers[op](state, data, pos + 1)
                    stack = state.stack
        except (IndexError, KeyError, ValueError, struct.error) as error:
            raise MalformedError(_reason(error, data[pos]), at=state.base + pos) from None
        finally:
            self.opcodes += count
        return pos

    def _check_live(self) -> None:
        state = self.state
        live = len(state.memo) + len(state.stack) + len(state.marks)
        if live > _LIVE or live + sum(map(len, state.marks)) > _LIVE:
            raise LimitError(f"more than {_LIVE:,} values are kept at a time", at=state.base)
        if state.base > state.source.size:
            raise MalformedError("it is cut off in the middle of an opcode", at=state.source.size)

    def _raw_array(self, wrapper: Call, given: Value, offset: int) -> int:
        """Pass over an array of joblib's; see `State.raw_array`."""
        layout = array_layout(given)
        if isinstance(layout, str):
            raise MalformedError(f"cannot tell how long an array of joblib is: {layout}", at=offset)
        if layout.objects:
            self.reread = self.reread or self._as_opcodes(offset)
            return self._nested(offset)
        self.hidden = self.hidden or self._as_opcodes(offset)
        end = _end_of_array(self.state.source, layout, offset)
        if end > self.state.source.size:
            message = f"an array of {layout.size:,} bytes exceeds the file"
            raise MalformedError(message, at=offset)
        return end

    def _nested(self, offset: int) -> int:
        if self._depth >= self._budget.limits.depth:
            raise LimitError(f"arrays nested more than {self._depth} deep", at=offset)
        inner = Machine(self.state.source, offset, self._budget, depth=self._depth + 1)
        inner.log = inner.state.log = self.log
        inner.run()
        self.opcodes += inner.opcodes
        self.state.persistent += inner.state.persistent
        self.hidden += inner.hidden
        self.reread += inner.reread
        if inner.error:
            raise MalformedError(f"in an array of objects: {inner.error}", at=inner.error_at)
        return inner.state.end

    def _as_opcodes(self, offset: int) -> list[Event]:
        """Return what a loader that knows nothing of joblib would do with the bytes of an array."""
        state = self.state
        if not may_act(state.source.read(offset, _SIEVE)):
            return []
        other = Machine(state.source, offset, self._budget, depth=self._depth)
        other.state.raw_array = None
        other.state.stack = list(state.stack)
        other.state.marks = [list(stack) for stack in state.marks]
        other.state.memo = dict(state.memo)
        other.run()
        return other.log.events if other.stopped or other.log.calls else []


def _end_of_array(source: Source, layout: Layout, offset: int) -> int:
    if layout.padded:
        padding = source.read(offset, 1)
        offset += 1 + (padding[0] if padding else 0)
    return offset + layout.size


def _reason(error: Exception, op: int) -> str:
    if isinstance(error, IndexError):
        return "an opcode takes more from the stack than there is"
    if isinstance(error, KeyError):
        return "no such memo entry" if op in OPCODES else f"no such opcode ({op:#04x})"
    return "an argument that cannot be read"
