"""When Prefect tries a task again: exactly when the error says that it may pass by itself."""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.client.schemas import State, TaskRun

from datazones.errors import Transient


def if_transient(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the task's error is one of `errors.Transient`."""
    return isinstance(state.result(raise_on_failure=False), Transient)
