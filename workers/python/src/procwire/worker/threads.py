"""The threads that do not read: they run plain handlers that are known to take long.

Python's alone. Knows nothing of frames; a job is a function. Threads are made when needed and kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TypeAlias

from .log import log_exception

Job: TypeAlias = "Callable[[], None]"


class Threads:
    """Daemon threads. At most ``limit`` handlers run on them at a time; further ones wait their turn."""

    def __init__(self, limit: int) -> None:
        self._limit = max(limit, 1)
        self._lock = Lock()
        self._running = 0
        self._waiting: deque[Job] = deque()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._idle = 0
        self._count = 0

    def submit(self, job: Job) -> None:
        """Runs ``job``, a handler, when its turn comes."""
        with self._lock:
            if self._running >= self._limit:
                self._waiting.append(job)
                return
            self._running += 1
        try:
            self.submit_now(lambda: self._run_handlers(job))
        except RuntimeError:
            with self._lock:
                self._running -= 1
            raise

    def submit_now(self, job: Job) -> None:
        """Runs ``job``, which is no handler and must not wait for any: the reading itself, say.

        Raises RuntimeError when no thread is to be had.
        """
        with self._lock:
            starts = self._idle <= 0
            if starts:
                self._count += 1
            else:
                self._idle -= 1
        if starts:
            try:
                Thread(target=self._work, args=(job,), name="procwire", daemon=True).start()
            except BaseException:
                with self._lock:
                    self._count -= 1
                raise
        else:
            self._jobs.put(job)

    def submit_surely(self, job: Job) -> None:
        """The same for what may not be dropped: with no thread to be had, the first that is free runs it."""
        try:
            self.submit_now(job)
        except RuntimeError:
            with self._lock:
                self._idle -= 1  # whoever becomes free is taken already
            self._jobs.put(job)

    def join_in(self) -> None:
        """Makes the calling thread one of these until ``stop``."""
        with self._lock:
            self._count += 1
        self._work(_nothing)

    def stop(self) -> None:
        """Lets every thread go that is idle now or later."""
        with self._lock:
            count = self._count
        for _ in range(count + 1):
            self._jobs.put(None)

    def _work(self, job: Job) -> None:
        while True:
            try:
                job()
            except BaseException as error:
                log_exception("internal error", error)
            with self._lock:
                self._idle += 1
            after = self._jobs.get()
            if after is None:
                return
            job = after

    def _run_handlers(self, job: Job) -> None:
        while True:
            try:
                job()
            except BaseException as error:
                log_exception("internal error", error)
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                job = self._waiting.popleft()


def _nothing() -> None:
    pass
