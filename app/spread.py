"""Work in shares: here, in order or in lanes, by processes of this machine, or on a Ray cluster.

A maker builds what does the work (it loads a model, say) once a worker; then tasks go to whoever is
free, one at a time. A worker that dies costs only the task that it had: another worker is started,
and the task is done again. What comes out for a task does not depend on who does it, provided that
the work itself is the same everywhere.

Knows nothing of models; Ray is imported only where it is asked for (`pip install
draglive[cluster]`).
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Work: TypeAlias = Callable[[T], R]
Make: TypeAlias = Callable[[], Work[T, R]]

MOST_DEATHS = 3  # of workers over one task: then it is the task
PATIENCE_S = 120.0  # without any worker
WAKE_S = 1.0
LEAVING_S = 0.5  # who is interrupted does not wait longer for a lane


class SpreadError(ValueError):
    """Work cannot be spread: Ray is missing or not there, or no worker lives long enough."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Who works.

    Attributes:
        address: of a running cluster ('auto' finds one here); empty starts one on this machine.
        workers: how many; None for one to each GPU, or to each `cpus` processors where there is no
            GPU.
        cpus: processors of a worker.
        use_gpus: whether a worker needs a GPU, or a share of one if workers outnumber them.
    """

    address: str = ""
    workers: int | None = None
    cpus: int = 1
    use_gpus: bool = True


@dataclass(frozen=True, slots=True)
class Processes:
    """They share this machine's processors, and its card if there is one.

    One that dies ends all of the work.

    Attributes:
        workers: how many.
        threads: of each.
    """

    workers: int
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Lanes:
    """Threads of this process, each at a task of its own: they share a device.

    Attributes:
        count: how many.
        threads: of the CPU, for each.
    """

    count: int
    threads: int = 1


Crew: TypeAlias = Cluster | Processes | Lanes | None


def spread(tasks: Sequence[T], make: Make[T, R], crew: Crew = None) -> Iterator[tuple[T, R]]:
    """Do all tasks; results as they come.

    Args:
        tasks: hashable; those for workers elsewhere, and their results, can be pickled.
        make: called once by whoever works, for what does a task. For workers elsewhere it can be
            pickled, and is importable there.
        crew: None does all of it here, in order.

    Raises:
        SpreadError: see there. What the work raises ends it as well.
    """
    if crew is None:
        work = make() if tasks else None
        for task in tasks:
            assert work is not None
            yield task, work(task)
    elif isinstance(crew, Processes):
        yield from _by_processes(tasks, make, crew)
    elif isinstance(crew, Lanes):
        yield from _InLanes(tasks, make, crew).run()
    else:
        yield from _Crew(tasks, make, crew).run()


def _by_processes(tasks: Sequence[T], make: Make[T, R], crew: Processes) -> Iterator[tuple[T, R]]:
    """As `spread`."""
    fresh = multiprocessing.get_context("spawn")  # a forked process cannot use a card
    with ProcessPoolExecutor(crew.workers, fresh, _OwnWork.expect, (make, crew.threads)) as pool:
        asked = {pool.submit(_OwnWork.do, task): task for task in tasks}
        try:
            for done in as_completed(asked):
                yield asked[done], done.result()
        except BrokenProcessPool as error:
            raise SpreadError("a process that shared the work died") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _OwnWork:
    """What does a process's tasks; made with its first, so that what goes wrong is told."""

    make: Make[Any, Any]
    work: Work[Any, Any] | None = None

    @classmethod
    def expect(cls, make: Make[Any, Any], threads: int) -> None:
        """Get to know what to make."""
        import torch  # noqa: PLC0415  # most never need it

        torch.set_num_threads(threads)
        cls.make = staticmethod(make)

    @classmethod
    def do(cls, task: Any) -> Any:
        """Do one task."""
        if cls.work is None:
            cls.work = staticmethod(cls.make())
        return cls.work(task)


class _InLanes(Generic[T, R]):
    """Threads that take the next task, until there is none or one of them failed."""

    def __init__(self, tasks: Sequence[T], make: Make[T, R], crew: Lanes) -> None:
        self._tasks, self._make, self._threads = deque(tasks), make, crew.threads
        self._unfinished = len(tasks)
        self._done: queue.SimpleQueue[tuple[T, R] | BaseException] = queue.SimpleQueue()
        self._lanes = [
            threading.Thread(target=self._work, name=f"draglive-lane-{number}", daemon=True)
            for number in range(min(crew.count, len(tasks)))
        ]

    def run(self) -> Iterator[tuple[T, R]]:
        """Until all is done."""
        for lane in self._lanes:
            lane.start()
        try:
            for _ in range(self._unfinished):
                done = self._done.get()
                if isinstance(done, BaseException):
                    raise done
                yield done
        finally:
            self._tasks.clear()  # each ends the one that it is at
            for lane in self._lanes:
                lane.join(LEAVING_S)

    def _work(self) -> None:
        try:
            import torch  # noqa: PLC0415  # most never need it

            torch.set_num_threads(self._threads)  # of this thread, and of those that begin later
            work = self._make()
            while (task := self._next()) is not None:
                self._done.put((task, work(task)))
        except BaseException as error:  # whatever it is, it is raised where the results are awaited
            self._done.put(error)

    def _next(self) -> T | None:
        try:
            return self._tasks.popleft()
        except IndexError:
            return None


class _Worker(Generic[T, R]):
    """Runs on the cluster."""

    def __init__(self, make: Make[T, R]) -> None:
        self._make: Make[T, R] = make
        self._work: Work[T, R] | None = None

    def ready(self) -> None:
        """Get ready."""
        self._work = self._make()

    def do(self, task: T) -> R:
        """Do one task."""
        assert self._work is not None
        return self._work(task)


class _Crew(Generic[T, R]):
    """The workers, what each is at, and what is left."""

    def __init__(self, tasks: Sequence[T], make: Make[T, R], cluster: Cluster) -> None:
        self._ray, self._own = _connected(cluster)
        self._left, self._deaths = deque(tasks), Counter[Any]()  # None: while getting ready
        self._unfinished = len(tasks)
        self._busy: dict[Any, tuple[Any, T | None]] = {}  # by what is awaited; None: getting ready
        workers, self._resources = self._share(cluster, len(tasks))
        self._make = self._ray.put(make)
        for _ in range(workers):
            self._hire()

    def run(self) -> Iterator[tuple[T, R]]:
        """Until all is done."""
        waited_s = 0.0
        try:
            while self._unfinished:
                done, _ = self._ray.wait([*self._busy], timeout=WAKE_S)
                idle = all(task is None for _, task in self._busy.values())
                waited_s = waited_s + WAKE_S if idle and not done else 0.0
                if waited_s > PATIENCE_S:
                    raise SpreadError(f"the cluster gives no worker within {PATIENCE_S:g} s")
                for reference in done:
                    yield from self._finish(reference)
        finally:
            for worker, _ in self._busy.values():
                self._ray.kill(worker)
            if self._own:
                self._ray.shutdown()

    def _finish(self, reference: Any) -> Iterator[tuple[T, R]]:
        worker, task = self._busy.pop(reference)
        try:
            result = self._ray.get(reference)
        except self._ray.exceptions.RayActorError as error:
            self._mourn(task, error)
            return
        except self._ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        if task is not None:
            self._unfinished -= 1
            yield task, result
        self._engage(worker)

    def _engage(self, worker: Any) -> None:
        """Give a worker that is ready its next task; keep none that has nothing to do."""
        if self._left:
            task = self._left.popleft()
            self._busy[worker.do.remote(task)] = worker, task
        else:
            self._ray.kill(worker)

    def _mourn(self, task: T | None, error: Exception) -> None:
        """A worker died: what it was at is to be done again, by another."""
        self._deaths[task] += 1
        if self._deaths[task] >= MOST_DEATHS:
            what = "getting ready" if task is None else f"task {task}"
            raise SpreadError(f"{what}: {MOST_DEATHS} workers died over it: {error}") from error
        if task is not None:
            self._left.appendleft(task)
        self._hire()

    def _hire(self) -> None:
        kind = self._ray.remote(max_restarts=0, **self._resources)(_Worker)
        worker = kind.remote(self._make)
        self._busy[worker.ready.remote()] = worker, None

    def _share(self, cluster: Cluster, tasks: int) -> tuple[int, dict[str, float]]:
        """How many workers, and what each needs."""
        there = self._ray.cluster_resources()
        gpus = there.get("GPU", 0.0) if cluster.use_gpus else 0.0
        most = int(gpus or there.get("CPU", 1.0) // cluster.cpus)
        workers = max(min(cluster.workers or most, tasks), 1)
        share = min(gpus / workers, 1.0) if gpus else 0.0
        return workers, {"num_cpus": 0 if gpus else cluster.cpus, "num_gpus": share}


def _connected(cluster: Cluster) -> tuple[Any, bool]:
    """Ray, on the cluster; and whether the cluster was started here, to be ended here.

    Raises:
        SpreadError: it is not installed, or no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of anybody's work
    try:
        import ray  # noqa: PLC0415  # most never need it
    except ImportError as error:
        raise SpreadError("Ray is not installed: pip install 'draglive[cluster]'") from error
    if ray.is_initialized():
        return ray, False
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if cluster.address:
            ray.init(cluster.address, **quiet)
        else:
            ray.init("local", include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = cluster.address or "this machine"
        raise SpreadError(f"no Ray cluster at {where}: {' '.join(str(error).split())}") from error
    return ray, not cluster.address
