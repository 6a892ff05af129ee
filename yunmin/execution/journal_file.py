"""The journal on disk: one SQLite file in WAL mode, and how much each of its transactions may be trusted.

A transaction is DURABLE (flushed to the disk before it returns: it survives a loss of power) or KEPT (handed to the
operating system: it survives the end of the process, and a loss of power up to the last flush). After a flush has
failed nothing is flushed any more (NOT_FLUSHED). SQLite's own behaviour: https://sqlite.org/wal.html,
https://sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from yunmin.errors import (
    JournalDamaged,
    JournalError,
    JournalFenced,
    JournalFull,
    JournalTooNew,
    JournalUnavailable,
    JournalUnwritable,
)
from yunmin.execution.journal_records import GENESIS, Record

__all__ = ["FILE_NAME", "SCHEMA_VERSION", "Durability", "JournalFile", "Snapshot", "explained", "flush_folder"]

FILE_NAME: Final = "journal.sqlite3"
SCHEMA_VERSION: Final = 1
"""Raised by one with every change of the tables, of a kind of entry, or of the state in a snapshot."""

_APPLICATION_ID: Final = 0x59554E4A  # "YUNJ", in the file's header: whose file it is
_SNAPSHOTS_KEPT: Final = 2
_PAGE: Final = 1_000

_SCHEMA: Final = """
CREATE TABLE records (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, ref TEXT,
                      body BLOB NOT NULL, chk BLOB NOT NULL);
CREATE INDEX records_by_order ON records (ref) WHERE ref IS NOT NULL;
CREATE TABLE orders (client_order_id TEXT PRIMARY KEY, symbol TEXT NOT NULL, exchange_order_id TEXT,
                     seq INTEGER NOT NULL, archived BLOB) WITHOUT ROWID;
CREATE INDEX orders_by_exchange_id ON orders (symbol, exchange_order_id) WHERE exchange_order_id IS NOT NULL;
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, chk BLOB NOT NULL, body BLOB NOT NULL, body_chk BLOB NOT NULL);
CREATE TABLE fence (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), token INTEGER NOT NULL);
CREATE TABLE base (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL, chk BLOB NOT NULL);
INSERT INTO fence VALUES (1, 0);
"""


class Durability(StrEnum):
    """How much a transaction is worth when it returns; the words are SQLite's own."""

    DURABLE = "FULL"
    KEPT = "NORMAL"
    NOT_FLUSHED = "OFF"


class Snapshot(NamedTuple):
    """The tracker's state after record `seq`, whose checksum is `check`."""

    seq: int
    check: bytes
    body: bytes
    body_check: bytes


class JournalFile:
    """The tables of one journal. One connection, used by one thread at a time."""

    def __init__(self, connection: apsw.Connection, path: Path, checkpoint_pages: int = 0) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute
        self.path = path
        self._durability: Durability | None = None
        self._token: int | None = None
        self._wal_pages = 0
        self._checkpoint_pages = checkpoint_pages
        connection.set_wal_hook(self._note_wal_pages)

    # --- opening and closing ---------------------------------------------------------------------------------------

    @classmethod
    def open(cls, path: Path, *, checkpoint_pages: int = 1_000, vfs: str | None = None) -> JournalFile:
        """Open for writing, made new where there is none.

        The write-ahead log is put away when it is longer than `checkpoint_pages`. `vfs` names a file layer of SQLite in
        place of the operating system's, for tests. Raises JournalUnavailable, JournalTooNew, JournalDamaged.
        """
        is_new = vfs is None and not path.exists()
        with explained(f"{path} cannot be opened", JournalUnavailable):
            if is_new:
                path.touch(mode=0o600)  # SQLite takes an empty file for a new one, and its rights for those beside it
            connection = apsw.Connection(str(path), vfs=vfs)
        try:
            with explained(f"{path} cannot be opened", JournalUnavailable):
                if vfs is not None:  # a file layer written in Python has no memory to share with other processes
                    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                _check_whose(connection, path)
                if connection.pragma("journal_mode", "wal") != "wal":  # SQLite does not call that an error
                    raise JournalUnavailable(f"{path} cannot have a write-ahead log. {_SAFE[JournalUnavailable]}")
                connection.execute("PRAGMA wal_autocheckpoint=0")  # SQLite would not tell of one that failed
                connection.execute("PRAGMA fullfsync=ON")  # where a flush reaches only the drive's cache otherwise
                connection.execute("PRAGMA checkpoint_fullfsync=ON")
                connection.execute("PRAGMA journal_size_limit=67108864")
                file = cls(connection, path, checkpoint_pages)
                if connection.pragma("user_version") == 0:
                    file._make()
                if is_new:
                    flush_folder(path.parent)
            return file
        except BaseException:
            _close(connection)
            raise

    @classmethod
    def open_to_read(cls, path: Path) -> JournalFile:
        """Open beside a writer, changing nothing. Raises JournalUnavailable, JournalTooNew, JournalDamaged."""
        if not path.exists():
            raise JournalUnavailable(f"there is no journal at {path}. Nothing was changed; name the journal's folder")
        with explained(f"{path} cannot be read", JournalUnavailable):
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            with explained(f"{path} cannot be read", JournalUnavailable):
                _check_whose(connection, path)
                if connection.pragma("user_version") == 0:
                    raise JournalDamaged(f"{path} is empty: no journal was ever made in it")
                return cls(connection, path)
        except BaseException:
            _close(connection)
            raise

    def close(self) -> None:
        """Let go of the file as it is. What cannot be tidied up on the way, the next start tidies up."""
        _close(self._connection)

    def _make(self) -> None:
        self._set_durability(Durability.DURABLE)
        with self._connection:
            self._execute(f"PRAGMA application_id={_APPLICATION_ID}")
            self._execute(_SCHEMA)
            self._execute("INSERT INTO base VALUES (1, 0, ?)", (GENESIS,))
            self._execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    # --- transactions ----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, durability: Durability) -> Iterator[None]:
        """All of what is written inside, or nothing. Raises JournalFenced when another process took over."""
        self._set_durability(durability)
        execute = self._execute
        execute("BEGIN IMMEDIATE")
        try:
            self._check_fence()
            yield
            execute("COMMIT")
        except BaseException:
            if not self._connection.get_autocommit():
                execute("ROLLBACK")
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever a writer does meanwhile."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._execute("ROLLBACK")

    def take_over(self) -> None:
        """From now on this is the writer, and whoever was it before can write no more."""
        with self.transaction(Durability.DURABLE):
            self._execute("UPDATE fence SET token = token + 1")
            self._token = self.token()

    def checkpoint_when_due(self) -> None:
        """Move what the write-ahead log holds into the file, once it is long; both are flushed on the way."""
        if self._wal_pages >= self._checkpoint_pages:
            self.checkpoint(apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._wal_pages = 0

    def checkpoint(self, mode: int = apsw.SQLITE_CHECKPOINT_TRUNCATE) -> None:
        self._connection.wal_checkpoint(mode=mode)

    def leave_log(self) -> None:
        """Do not put the write-ahead log away when the file is closed: the next start reads it as it is."""
        self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)

    def frames_in_log(self) -> int:
        """How many frames of the write-ahead log SQLite takes for committed."""
        frames, _ = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return frames

    def _set_durability(self, durability: Durability) -> None:
        if self._durability is not durability:
            self._execute(f"PRAGMA synchronous={durability}")
            self._durability = durability

    def _check_fence(self) -> None:
        if self._token is not None and self.token() != self._token:
            raise JournalFenced(
                f"another process took over the journal in {self.path.parent}. Nothing was written, and nothing may be "
                "sent from here any more. End this process; the other one has the account"
            )

    def token(self) -> int:
        """How often the journal was taken over."""
        (token,) = self._one("SELECT token FROM fence")
        if not isinstance(token, int):
            raise JournalDamaged(f"{self.path}: its fencing token is not what was written. {_KEEP_A_COPY}")
        return token

    def _note_wal_pages(self, _connection: object, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    # --- records ---------------------------------------------------------------------------------------------------

    def add_record(self, record: Record, ref: str | None) -> None:
        """`ref` is our id of the order that it is about."""
        self._execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
            (record.seq, record.at, record.kind, ref, record.body, record.check),
        )

    def records(self, since: int = 0, upto: int | None = None) -> Iterator[Record]:
        """Those after `since`, up to and with `upto`, in their order."""
        last = upto if upto is not None else self.head()[0]
        while since < last:
            # page by page: a statement that is not read to its end keeps the write-ahead log from being put away
            rows = self._execute(
                "SELECT seq, at, kind, body, chk FROM records WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
                (since, last, _PAGE),
            ).fetchall()
            if not rows:
                return
            page = [Record._make(row) for row in rows]
            since = page[-1].seq
            yield from page

    def records_about(self, client_order_id: str, upto: int = 1 << 62) -> list[Record]:
        rows = self._execute(
            "SELECT seq, at, kind, body, chk FROM records WHERE ref = ? AND seq <= ? ORDER BY seq",
            (client_order_id, upto),
        )
        return [Record._make(row) for row in rows]

    def records_of_kind(self, kind: str) -> list[Record]:
        rows = self._execute("SELECT seq, at, kind, body, chk FROM records WHERE kind = ? ORDER BY seq", (kind,))
        return [Record._make(row) for row in rows]

    def record_at(self, seq: int) -> Record | None:
        row = self._first("SELECT seq, at, kind, body, chk FROM records WHERE seq = ?", (seq,))
        return None if row is None else Record._make(row)

    def count_records(self) -> int:
        return int(self._one("SELECT count(*) FROM records")[0])

    def base(self) -> tuple[int, bytes]:
        """The number and the checksum before the first record that is still kept."""
        seq, check = self._one("SELECT seq, chk FROM base")
        if not isinstance(seq, int) or not isinstance(check, bytes):
            raise JournalDamaged(f"{self.path}: where its records begin is not what was written. {_KEEP_A_COPY}")
        return seq, check

    def head(self) -> tuple[int, bytes]:
        """The number and the checksum of the last record."""
        found = self._first("SELECT seq, chk FROM records ORDER BY seq DESC LIMIT 1")
        return self.base() if found is None else (found[0], found[1])

    def check_at(self, seq: int) -> bytes | None:
        """The checksum of one record, None where it is not kept."""
        base_seq, base_check = self.base()
        if seq == base_seq:
            return base_check
        found = self._first("SELECT chk FROM records WHERE seq = ?", (seq,))
        return None if found is None else found[0]

    # --- orders, for ever ------------------------------------------------------------------------------------------

    def add_order(self, client_order_id: str, symbol: str, exchange_order_id: str | None, seq: int) -> None:
        self._execute("INSERT INTO orders VALUES (?, ?, ?, ?, NULL)", (client_order_id, symbol, exchange_order_id, seq))

    def learn_exchange_id(self, client_order_id: str, exchange_order_id: str) -> None:
        """The first one stands."""
        self._execute(
            "UPDATE orders SET exchange_order_id = ? WHERE client_order_id = ? AND exchange_order_id IS NULL",
            (exchange_order_id, client_order_id),
        )

    def order(self, client_order_id: str) -> tuple[Any, ...] | None:
        """client order id, symbol, exchange order id, number of its first record, its archived state."""
        return self._first(
            "SELECT client_order_id, symbol, exchange_order_id, seq, archived FROM orders WHERE client_order_id = ?",
            (client_order_id,),
        )

    def symbols_of_kept_orders(self) -> list[str]:
        """The symbols of orders that have not left the history, sorted."""
        rows = self._execute("SELECT DISTINCT symbol FROM orders WHERE archived IS NULL ORDER BY symbol")
        return [symbol for (symbol,) in rows]

    def order_by_exchange_id(self, symbol: str, exchange_order_id: str) -> str | None:
        """Our id of the order that the exchange knows under its own; the one that came first, where two have it."""
        row = self._first(
            "SELECT client_order_id FROM orders WHERE symbol = ? AND exchange_order_id = ? ORDER BY seq LIMIT 1",
            (symbol, exchange_order_id),
        )
        return None if row is None else row[0]

    def orders(self) -> list[tuple[Any, ...]]:
        """Every row of them, those of records that are not kept any more too."""
        return self._execute(
            "SELECT client_order_id, symbol, exchange_order_id, seq, archived FROM orders ORDER BY seq"
        ).fetchall()

    def put_order(self, row: tuple[Any, ...]) -> None:
        """A row of `orders`, as it is; one that is there already stays."""
        self._execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, ?)", row)

    def count_orders(self) -> int:
        return int(self._one("SELECT count(*) FROM orders")[0])

    def names_upto(self, seq: int) -> list[str]:
        """Our ids of the orders that records up to `seq` are about."""
        rows = self._execute("SELECT DISTINCT ref FROM records WHERE seq <= ? AND ref IS NOT NULL", (seq,))
        return [name for (name,) in rows]

    def archive(self, client_order_id: str, state: bytes) -> None:
        """Keep the order's state, for when its records are gone."""
        self._execute("UPDATE orders SET archived = ? WHERE client_order_id = ?", (state, client_order_id))

    # --- marks -----------------------------------------------------------------------------------------------------

    def set_mark(self, name: str, value: str, seq: int) -> None:
        self._execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (name, value, seq))

    def marks(self) -> dict[str, str]:
        return dict(self._execute("SELECT name, value FROM marks ORDER BY name"))

    def mark(self, name: str) -> str | None:
        row = self._first("SELECT value FROM marks WHERE name = ?", (name,))
        return None if row is None else row[0]

    # --- snapshots -------------------------------------------------------------------------------------------------

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep it, and no more than the one before it."""
        self._execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)", snapshot)
        self._execute(
            "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?)",
            (_SNAPSHOTS_KEPT,),
        )

    def snapshots(self) -> list[Snapshot]:
        """The newest first."""
        rows = self._execute("SELECT seq, chk, body, body_chk FROM snapshots ORDER BY seq DESC")
        return [Snapshot._make(row) for row in rows]

    # --- looking over and putting right -------------------------------------------------------------------------------

    def integrity_problems(self) -> list[str]:
        """What SQLite finds wrong with the file itself."""
        found = [str(row[0]) for row in self._execute("PRAGMA integrity_check(20)").fetchall()]
        return [] if found == ["ok"] else found

    def highest_number(self) -> int:
        """The highest number that any table speaks of."""
        tables = ("records", "orders", "marks", "snapshots")
        return max(int(self._one(f"SELECT coalesce(max(seq), 0) FROM {table}")[0]) for table in tables)  # noqa: S608

    def set_token(self, token: int) -> None:
        self._execute("UPDATE fence SET token = ?", (token,))

    def snapshot_numbers(self) -> list[int]:
        return [int(seq) for (seq,) in self._execute("SELECT seq FROM snapshots ORDER BY seq").fetchall() if seq]

    def drop_upto(self, seq: int) -> None:
        """Forget the first records."""
        self._execute("DELETE FROM records WHERE seq <= ?", (seq,))

    def set_base(self, seq: int, check: bytes) -> None:
        self._execute("UPDATE base SET seq = ?, chk = ?", (seq, check))

    def cut_after(self, seq: int) -> None:
        """Forget every record after `seq`, with the snapshots and marks that came of them."""
        self._execute("DELETE FROM records WHERE seq > ?", (seq,))
        self._execute("DELETE FROM snapshots WHERE seq > ?", (seq,))
        self._execute("DELETE FROM marks WHERE seq > ?", (seq,))

    def _first(self, query: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        rows = self._execute(query, values).fetchall()
        return rows[0] if rows else None

    def _one(self, query: str) -> tuple[Any, ...]:
        row = self._first(query)
        if row is None:
            raise JournalDamaged(f"{self.path} has lost a row that every journal has. {_KEEP_A_COPY}")
        return row


def _close(connection: apsw.Connection) -> None:
    try:
        connection.close()
    except apsw.Error:
        connection.close(True)  # noqa: FBT003  apsw's own: let go, whatever the disk says


def _check_whose(connection: apsw.Connection, path: Path) -> None:
    version, owner = connection.pragma("user_version"), connection.pragma("application_id")
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    is_empty = tables is None or tables[0] == 0
    if version == 0 and owner == 0 and is_empty:
        return
    if owner != _APPLICATION_ID:
        raise JournalDamaged(f"{path} is no journal of Yunmin. Nothing was changed; name the journal's own folder")
    if version > SCHEMA_VERSION:
        raise JournalTooNew(
            f"{path} was written by a later version of Yunmin (schema {version}; this one reads {SCHEMA_VERSION}). "
            "Nothing was changed. Install the later version again, or use a new folder for another account"
        )


def flush_folder(folder: Path) -> None:
    """A new file is only there after a loss of power once its folder was flushed too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)


@contextmanager
def explained(what: str, otherwise: type[JournalError]) -> Iterator[None]:
    """Inside, SQLite's errors become ours: damaged, full, or `otherwise`.

    A spoilt page may give a value of another type, or text that is none: where nothing is written, that is damage too.
    """
    try:
        yield
    except (TypeError, UnicodeDecodeError) as error:
        if issubclass(otherwise, JournalUnwritable):
            raise
        raise JournalDamaged(f"{what}: {error}. {_KEEP_A_COPY}") from error
    except _DAMAGE as error:
        raise JournalDamaged(f"{what}: {error}. {_KEEP_A_COPY}") from error
    except (apsw.FullError, OSError, apsw.Error, MemoryError) as error:
        if isinstance(error, apsw.FullError) and issubclass(otherwise, JournalUnwritable):
            otherwise = JournalFull
        raise otherwise(f"{what}: {error}. {_SAFE.get(otherwise, _KEEP_A_COPY)}") from error


_KEEP_A_COPY: Final = (
    "Nothing was changed or sent. Keep a copy of the folder, then `yunmin journal repair`; where that cannot read it "
    "either, begin a new journal and let it adopt what the exchange has"
)
_SAFE: Final[dict[type[JournalError], str]] = {
    JournalUnavailable: "Nothing was sent. See that the folder can be written, that the disk has space and that this "
    "process may open more files, then start again",
    JournalUnwritable: "It does not count as kept. No new order is sent by this process any more; cancels still are. "
    "See to the disk, then start again: what the exchange has done meanwhile is asked for",
    JournalFull: "It does not count as kept. No new order is sent by this process any more; cancels still are. "
    "Make room on the disk, then start again: what the exchange has done meanwhile is asked for",
}
