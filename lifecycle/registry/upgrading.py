"""Run the revisions in `migrations` (the only place that imports alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from lifecycle import errors

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["newest", "upgrade"]

_FOLDER = Path(__file__).parent / "migrations"


def newest() -> str | None:
    """The newest revision that this release carries."""
    return ScriptDirectory(str(_FOLDER)).get_current_head()


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision, inside the connection's transaction.

    Raises
    ------
    LifecycleError
        When the tables have a revision that this release does not know.
    """
    script = ScriptDirectory(str(_FOLDER))

    def steps(found: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", found)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev="head") as run:
        run.configure(connection=connection)
        try:
            with run.begin_transaction():
                run.run_migrations()
        except CommandError as error:
            raise errors.LifecycleError(
                f"the registry was written by a newer release of lifecycle ({error}); "
                "upgrade the package"
            ) from error
