#!/usr/bin/env bash
# Does alembic find a database that was just created from the models to be up to date?
#
# Seen with alembic 1.20.1 and SQLAlchemy 2.1.9 on SQLite, compare_server_default=True: not if a text column's default
# is the empty string or holds an apostrophe. Each comparison reports modify_default again; 'x' and '0' are equal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check alembic==1.20.1 SQLAlchemy==2.1.9
"$folder/env/bin/python" - <<'PY'
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext


def differences(default):
    metadata = sa.MetaData()
    columns = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text, server_default=default)]
    sa.Table("note", metadata, *columns)
    with sa.create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return [change[0][0] for change in compare_metadata(context, metadata)]


found = {default: differences(default) for default in ("x", "0", "", "it's")}
print(found)
assert found["x"] == found["0"] == [], "changed: plain defaults differ"
assert found[""] == ["modify_default"], "changed: the empty default is compared as it is"
assert found["it's"] == ["modify_default"], "changed: an apostrophe is compared as it is"
PY
