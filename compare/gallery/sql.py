"""What an SQL query gives, from small tables in memory that it can only read."""

import sqlite3

import regex

MAX_STEPS = 100_000
"""of SQLite's machine"""
MAX_ROWS = 1000
_READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
_QUERY = regex.compile(r"(?is)\b(?:select|with)\b[^;`]*")


class NoQuery(ValueError):
    """Why there are no rows; the text follows an answer's name."""


def rows(tables: str, answer: str) -> list[tuple]:
    """The rows of the first query in an answer. Raises NoQuery."""
    found = _QUERY.search(regex.sub(r"`(\w+)`", r'"\1"', answer))
    if found is None:
        raise NoQuery("has no query")
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(tables)
        connection.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
        )
        connection.set_progress_handler(lambda: 1, MAX_STEPS)
        return _read(connection, found[0])
    finally:
        connection.close()


def _read(connection: sqlite3.Connection, query: str) -> list[tuple]:
    """A query without semicolon may be followed by prose: lines are taken from its end until it is one."""
    lines = query.strip().splitlines()
    fault = ""
    for end in range(len(lines), max(0, len(lines) - 20), -1):
        try:
            return connection.execute("\n".join(lines[:end])).fetchmany(MAX_ROWS)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
            fault = fault or str(error)
    raise NoQuery(f"has a query that can't be run: {fault}")
