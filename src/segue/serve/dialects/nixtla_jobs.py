"""Jobs of Nixtla's API: a request that is answered later, for which the client asks again and again."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from segue.errors import UserError
from segue.serve.dialects.nixtla_payload import Body
from segue.serve.errors import BEYOND, first_fault
from segue.serve.logs import failed
from segue.serve.refused import Refused
from segue.serve.service import Service

_WORKERS = 2
"""Jobs that run side by side: one computes while another reads or writes. More would wait for the same processors."""

_MOST = 32
"""The most jobs that are known. The result of one may take a gigabyte, so those that are done are forgotten first."""

Task = tuple[type[Body], Callable[[Any, Service], dict[str, Any]]]
"""The body of a task, and the function that answers it."""


class Jobs:
    """The jobs of a server, in its memory; the oldest ones that are done are forgotten.

    Args:
        service: What answers are made with.
        tasks: What a job may do.
        most: The largest number of jobs that are known.
    """

    def __init__(self, service: Service, tasks: Mapping[str, Task], most: int = _MOST) -> None:
        self._service, self._tasks, self._most = service, tasks, most
        self._pool = ThreadPoolExecutor(_WORKERS, "segue-job")
        self._jobs: dict[str, Future[dict[str, Any]]] = {}
        self._lock = Lock()

    def submit(self, task: str, body: dict[str, Any]) -> str:
        """Begins a job and returns its name.

        Raises:
            Refused: There is no such task, or the body is not one of it (422), or too many jobs run (429).
        """
        if task not in self._tasks:
            raise Refused(422, f"{task[:40]}: this server has {', '.join(self._tasks)}")
        kind, run = self._tasks[task]
        try:
            checked = kind.model_validate(body)
        except ValidationError as error:
            raise Refused(422, first_fault(error.errors())) from error
        with self._lock:
            for name in [name for name, job in self._jobs.items() if job.done()]:
                if len(self._jobs) >= self._most:
                    del self._jobs[name]
            if len(self._jobs) >= self._most:
                raise Refused(429, f"{self._most} jobs run or wait; try again in a second", 1)
            name = str(uuid4())
            self._jobs[name] = self._pool.submit(run, checked, self._service)
        return name

    def state(self, name: str) -> dict[str, Any]:
        """Returns the state of a job, with its result or the line of its error.

        Raises:
            Refused: There is no such job.
        """
        job = self._job(name)
        state: dict[str, Any] = {"job_id": name, "result": None, "error": None}
        if job.cancelled():
            return state | {"status": "cancelled"}
        if not job.done():
            return state | {"status": "running" if job.running() else "pending"}
        error = job.exception()
        if error is None:
            return state | {"status": "succeeded", "result": job.result()}
        if isinstance(error, Exception) and type(error) in BEYOND:
            return state | {"status": "failed", "error": BEYOND[type(error)][1]}
        if not isinstance(error, Refused | UserError):
            failed(error)
            return state | {"status": "failed", "error": "the server failed; its log has the reason"}
        return state | {"status": "failed", "error": str(error)}

    def cancel(self, name: str) -> dict[str, Any]:
        """Stops a job that has not begun, and forgets the result of any other.

        Raises:
            Refused: There is no such job.
        """
        job = self._job(name)
        if not job.cancel():
            with self._lock:
                self._jobs.pop(name, None)
        return {"job_id": name, "status": "cancelled"}

    def _job(self, name: str) -> Future[dict[str, Any]]:
        with self._lock:
            job = self._jobs.get(name)
        if job is None:
            raise Refused(404, f"job {name[:40]}: there is none of this name, or it was forgotten; begin it again")
        return job
