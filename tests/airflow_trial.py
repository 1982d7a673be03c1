"""A real Airflow runs the DAG file: `python tests/airflow_trial.py DAG_FILE`.

To be called by an interpreter that has Airflow 3; the file is in the `dags` of a new
AIRFLOW_HOME. It runs each DAG of the file by `dag.test()`, as if it had been triggered
by hand, and prints a line of JSON: the state of each DAG and of its tasks, what each
task waits for, when it is due, and what a task makes of the exit codes of the command.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from types import SimpleNamespace
from typing import Any


def main(path: str) -> None:
    """Run and tell."""
    spec = importlib.util.spec_from_file_location("dag_file", path)
    assert spec is not None
    assert spec.loader is not None
    file = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(file)
    told: dict[str, Any] = {"dags": {}, "codes": {}}
    for name in file.DAGS:
        dag = getattr(file, name)
        run = dag.test()
        told["dags"][name] = {
            "state": str(run.state),
            "tasks": {
                each.task_id: str(each.state) for each in run.get_task_instances()
            },
            "after": {
                task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks
            },
            "schedule": str(getattr(dag.timetable, "summary", dag.timetable)),
        }
    told["codes"] = {code: _ending(file, code) for code in (0, 10, 20, 30, 31)}
    sys.stdout.write("TOLD " + json.dumps(told) + "\n")


def _ending(file: Any, code: int) -> str:
    """What a task makes of an exit code of the command."""
    file.LIFECYCLE = [sys.executable, "-c", f"import sys; sys.exit({code})"]
    scheduled = SimpleNamespace(run_type="scheduled")
    function = getattr(file.run_page, "function", file.run_page)
    try:
        function("leads", "audit", dag_run=scheduled)
    except Exception as error:  # noqa: BLE001  its kind is what is asked for
        return type(error).__name__
    return "done"


if __name__ == "__main__":
    main(sys.argv[1])
