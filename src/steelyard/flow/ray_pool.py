# SPDX-License-Identifier: Apache-2.0
"""A pool on a Ray cluster, or on this machine where no cluster is named; see `core.ports.Pool`.

Every machine must see the same files under the same paths, and have the same steelyard installed.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from steelyard.core.errors import SteelyardError, UsageError

T = TypeVar("T")
R = TypeVar("R")

_ERRORS_ONLY = 40  # logging.ERROR; the module takes 5 ms to import
_WAITING = 2  # items that wait for each that is at work, so that no machine is idle


class Ray:
    """Tasks of Ray; RAY_ADDRESS names the cluster, as Ray documents it.

    Args:
        workers: How many tasks at once, at least 1; None for one per core of the cluster.

    Raises:
        UsageError: Ray is not installed.
    """

    def __init__(self, workers: int | None = None) -> None:
        try:
            import ray  # of the extra `scale`
        except ImportError as error:
            raise UsageError(
                "Ray is not installed", hint="pip install 'steelyard[scale]', or --pool processes"
            ) from error
        self._ray: Any = ray
        self._workers = workers

    def map(self, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield the results in the order of the items."""
        todo = list(items)
        done: dict[int, R | SteelyardError] = {}
        results = self.as_completed(do, todo)
        try:
            for index in range(len(todo)):
                while index not in done:
                    done.update((next(results),))
                result = done.pop(index)
                if isinstance(result, SteelyardError):
                    raise result
                yield result
        finally:
            results.close()

    def as_completed(
        self, do: Callable[[T], R], items: Iterable[T]
    ) -> Generator[tuple[int, R | SteelyardError]]:
        """Yield positions with results or errors, as they are done."""
        started = not self._ray.is_initialized()
        if started:
            self._ray.init(
                include_dashboard=False,
                log_to_driver=False,
                logging_level=_ERRORS_ONLY,
                num_cpus=self._workers if "RAY_ADDRESS" not in os.environ else None,
            )
        try:
            yield from self._results(do, list(items))
        finally:
            if started:
                self._ray.shutdown()

    def _results(
        self, do: Callable[[T], R], todo: list[T]
    ) -> Iterator[tuple[int, R | SteelyardError]]:
        ray = self._ray
        task = ray.remote(max_retries=0)(_attempt)
        held = ray.put(do)
        most = _WAITING * (self._workers or max(1, int(ray.cluster_resources().get("CPU", 1))))
        running: dict[Any, int] = {}
        begun = 0
        try:
            while begun < len(todo) or running:
                while begun < len(todo) and len(running) < most:
                    running[task.remote(held, todo[begun])] = begun
                    begun += 1
                (ready, *_), _ = ray.wait(list(running), num_returns=1)
                index = running.pop(ready)
                yield index, self._result(ready, todo[index])
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _result(self, reference: Any, item: object) -> Any:  # noqa: ANN401 - of untyped Ray
        errors = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.NodeDiedError) as error:
            return SteelyardError(
                f"the worker that had {item!r} died: {type(error).__name__}",
                hint="examine it alone, or fewer at once: --jobs 1",
            )


def _attempt(do: Callable[[T], R], item: T) -> R | SteelyardError:
    try:
        return do(item)
    except SteelyardError as error:
        return error
