"""Reads every type of the test server with clients that others wrote, and compares each value with its text.

FreeTDS (in pymssql) and Microsoft's ODBC driver (in mssql-python) read the table every_type in every kind of encryption
and, where a client can choose, in every version of the protocol. Started by clients.sh, which starts the servers.
"""

from __future__ import annotations

import os
import struct
import sys
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

LOGIN = "FKSM_BI"
PASSWORD = os.environ["TDS_PASSWORD"]
CA = Path(os.environ["TDS_CERTIFICATES"]) / "test-ca.pem"
SERVER_CERTIFICATE = Path(os.environ["TDS_CERTIFICATES"]) / "server.pem"
DIRECTORY = Path(os.environ["TDS_DIRECTORY"])
PORTS = {mode: (DIRECTORY / f"{mode}.port").read_text() for mode in ("off", "login", "on", "required", "strict")}

# Ways to connect: the server's kind of encryption and what the client is told, as it is told.
FREETDS = [
    ("off", "7.4", ["encryption = off"]),
    ("login", "7.4", ["encryption = request"]),
    ("on", "7.4", ["encryption = request"]),
    ("on", "7.4", ["encryption = require"]),
    ("required", "7.4", ["encryption = require", f"ca file = {CA}", "check certificate hostname = yes"]),
    ("required", "7.3", ["encryption = require"]),
    ("required", "7.2", ["encryption = require"]),
    ("required", "7.1", ["encryption = require"]),
    ("strict", "8.0", ["encryption = strict", f"ca file = {CA}", "check certificate hostname = yes"]),
]
ODBC = [
    ("off", "Encrypt=no"),
    ("login", "Encrypt=no;TrustServerCertificate=yes"),
    ("on", "Encrypt=no;TrustServerCertificate=yes"),
    ("on", "Encrypt=yes;TrustServerCertificate=yes"),
    # Verified: the certificate's root is in the file that SSL_CERT_FILE names.
    ("required", "Encrypt=yes;TrustServerCertificate=no"),
    ("strict", f"Encrypt=strict;ServerCertificate={SERVER_CERTIFICATE}"),
    ("strict", "Encrypt=strict"),
]

TIMES = ("Time", "DateTime2", "DateTimeOffset")


@dataclass
class Known:
    """An inexactness of a client: which values it concerns, what becomes of them, and why."""

    reason: str
    client: str
    columns: tuple[str, ...]
    # Makes of the expected text the one that the client gives instead; None if this value is not concerned.
    instead: callable
    # Of the protocol; none is all.
    versions: tuple[str, ...] = ()
    seen: int = field(default=0, compare=False)

    def explains(self, tally: "Tally", column: str, expected: str | None, read: str | None) -> bool:
        return (
            expected is not None
            and self.client in ("", tally.client)
            and (not self.versions or tally.version in self.versions)
            and column.removeprefix("c_").removeprefix("n_").startswith(self.columns)
            and self.instead(expected) == read
        )


def microseconds(text: str) -> str | None:
    """The seventh digit of the second replaced by a zero."""
    head, point, tail = text.partition(".")
    changed = head + point + tail[:6] + "0" + tail[7:]
    return changed if changed != text else None


KNOWN = [
    Known(
        "Python's time and datetime have six digits of the second: the seventh is cut",
        client="",
        columns=("time_7", "datetime2_7", "datetimeoffset_7"),
        instead=microseconds,
    ),
    Known(
        "FreeTDS hands out the bytes inside an sql_variant, of a decimal two too few",
        client="FreeTDS",
        columns=("sql_variant",),
        instead={f"-{'9' * 28}.{'9' * 10}": "bytes 260A014B3B4CA85A86C47A098A223FFFFF"}.get,
    ),
    Known(
        "FreeTDS takes the bytes inside an sql_variant for UTF-16 if those of the row before were: an int loses two",
        client="FreeTDS",
        columns=("sql_variant",),
        instead={"42": "bytes 2A00"}.get,
    ),
    Known(
        "FreeTDS knows collations of UTF-8 only since TDS 7.4 and takes them for their locale's code page before",
        client="FreeTDS",
        columns=("varchar_utf8",),
        instead=lambda text: text.encode().decode("cp1252", errors="replace"),
        versions=("7.1", "7.2", "7.3"),
    ),
]


def seven_digits(text: str) -> str:
    """A text of a moment with all seven digits of its second."""
    head, _, tail = text.partition(".")
    return f"{head}.{tail:0<7}"


def moment(value: datetime | time) -> str:
    clock = f"{value:%H:%M:%S}.{value.microsecond:06}0"
    return clock if isinstance(value, time) else f"{value.year:04}-{value:%m-%d} {clock}"


def offset_of(text: str) -> str:
    """A datetimeoffset as clients before TDS 7.3 get it, as text: 2024-02-29 18:04:56.1234567 +05:30."""
    day, clock, offset = text.split(" ")
    sign = -1 if offset[0] == "-" else 1
    minutes = sign * (int(offset[1:3]) * 60 + int(offset[4:]))
    clock = seven_digits(clock)
    utc = datetime.fromisoformat(f"{day} {clock[:8]}") - timedelta(minutes=minutes)
    return f"{utc.year:04}-{utc:%m-%d %H:%M:%S}{clock[8:]} UTC {minutes}"


def variant(value: bytes, row: str) -> str:
    """What FreeTDS makes of an sql_variant: the bytes of an int or of a text."""
    if row in ("1", "4") and len(value) == 4:
        return str(struct.unpack("<i", value)[0])
    if row == "3":
        return value.decode()
    return f"bytes {value.hex().upper()}"


def text_of(value: object, kind: str, row: str, expected: str | None) -> str | None:
    """A value that a client gave, written as the server writes the one it meant."""
    match value:
        case None:
            return None
        case bool():
            return str(int(value))
        case float():
            # Texts have the shortest digits that mean the number; what counts is which number it is.
            if kind == "Real":
                same = struct.pack("<f", float(expected)) == struct.pack("<f", value)
                return expected if same and struct.unpack("<f", struct.pack("<f", value))[0] == value else repr(value)
            return expected if float(expected) == value else repr(value)
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case datetime() if value.tzinfo is not None:
            minutes = value.utcoffset() // timedelta(minutes=1)
            return f"{moment(value.astimezone(timezone.utc))} UTC {minutes}"
        case datetime() | time():
            return moment(value)
        case date():
            return value.isoformat()
        case uuid.UUID():
            return str(value).upper()
        case bytes() | bytearray() if kind == "SqlVariant":
            return variant(bytes(value), row)
        case bytes() | bytearray():
            return "0x" + bytes(value).hex().upper()
        case str() if kind == "DateTimeOffset":
            return offset_of(value)
        case str() if kind in TIMES:
            return seven_digits(value)
        case str():
            return value
    return repr(value)


@dataclass
class Tally:
    """What came of one client in one mode."""

    client: str
    version: str
    mode: str
    values: int = 0
    types: set[str] = field(default_factory=set)
    inexact: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def check(self, condition: bool, what: str) -> None:
        if not condition:
            self.failures.append(what)

    def compare(self, row: str, column: str, kind: str, expected: str | None, value: object) -> None:
        self.values += 1
        self.types.add(kind)
        read = text_of(value, kind, row, expected)
        if read == expected:
            return
        for known in KNOWN:
            if known.explains(self, column, expected, read):
                known.seen += 1
                self.inexact[known.reason] += 1
                return
        self.failures.append(f"row {row}, {column} ({kind}): expected {expected!r:.80}, read {read!r:.80} ({value!r:.80})")

    def read_every_type(self, cursor) -> None:
        """The whole table at once, then every column by itself."""
        cursor.execute("SELECT id, [column], [type], [text] FROM every_type_text")
        texts = [tuple(row) for row in cursor.fetchall()]
        cursor.execute("SELECT * FROM every_type")
        names = [column[0] for column in cursor.description]
        table = [list(row) for row in cursor.fetchall()]
        self.check(len(table) == 4 and len(texts) == 4 * len(names), f"{len(table)} rows, {len(texts)} texts")
        expected = {(row, column): (kind, text) for row, column, kind, text in texts}
        for n, row in enumerate(table, start=1):
            for name, value in zip(names, row, strict=True):
                self.compare(str(n), name, *expected[str(n), name], value)
        for name in names:
            cursor.execute(f"SELECT [{name}] FROM every_type")
            for n, (value,) in enumerate(cursor.fetchall(), start=1):
                self.compare(str(n), name, *expected[str(n), name], value)

    def read_many_rows(self, cursor) -> None:
        cursor.execute("SELECT * FROM numbers(20000)")
        rows = cursor.fetchall()
        wanted = [(n, f"row {n}") for n in range(1, 20001)]
        self.check([tuple(row) for row in rows] == wanted, "20,000 rows: not as sent")
        cursor.execute("SELECT * FROM large(300000)")
        characters, wide, raw = cursor.fetchall()[0]
        letters = ("abcdefghijklmnopqrstuvwxyz" * 12000)[:300000]
        self.check(characters == letters and wide == letters and raw == letters.encode(), "values of 300,000 bytes")

    def leave_in_the_middle(self, connection) -> None:
        """Most of an answer is never fetched, and there is no end to it; the connection stays good."""
        for _ in range(3):
            cursor = connection.cursor()
            cursor.execute("SELECT * FROM numbers(4000000000)")
            self.check(tuple(cursor.fetchone()) == (1, "row 1"), "the first of many rows")
            cursor.close()
            cursor = connection.cursor()
            cursor.execute("SELECT 7")
            self.check(cursor.fetchall()[0][0] == 7, "a statement after one that was left")

    def expect_error(self, part: str, action) -> None:
        try:
            action()
            self.failures.append(f"no error: {part}")
        except Exception as error:  # noqa: BLE001: each client has its own kinds of errors.
            self.check(part in str(error), f"expected an error with {part!r}, got {error}")

    def report(self) -> bool:
        inexact = f", {self.inexact.total()} of them inexact as known" if self.inexact else ""
        verdict = "FAILED" if self.failures else "ok"
        print(f"{verdict:6} {self.client:7} {self.mode}: {len(self.types)} types, {self.values} values{inexact}")
        for failure in self.failures[:20]:
            print(f"         {failure}")
        if len(self.failures) > 20:
            print(f"         and {len(self.failures) - 20} more")
        return not self.failures


def freetds(server: str, version: str, settings: list[str]) -> Tally:
    words = ", ".join(setting.split(" = ")[0] if "/" in setting else setting for setting in settings)
    tally = Tally("FreeTDS", version, f"server {server}, TDS {version}, {words}")
    configuration = [
        "[tested]",
        "host = localhost",
        f"tds version = {version}",
        "client charset = UTF-8",
        "text size = 2147483647",
        *settings,
    ]
    (DIRECTORY / "freetds.conf").write_text("\n".join(configuration) + "\n")
    import pymssql

    def connect(user=LOGIN, password=PASSWORD, database="every_type"):
        return pymssql.connect(
            server="tested",
            port=PORTS[server],
            user=user,
            password=password,
            database=database,
            login_timeout=20,
            timeout=60,
        )

    with connect() as connection:
        cursor = connection.cursor()
        tally.read_every_type(cursor)
        tally.read_many_rows(cursor)
        tally.leave_in_the_middle(connection)
        cursor = connection.cursor()
        tally.expect_error("(208, ", lambda: cursor.execute("SELECT * FROM nowhere"))
        cursor.execute("SELECT 8")
        tally.check(cursor.fetchall() == [(8,)], "a statement after an error")
    tally.expect_error("(18456, ", lambda: connect(password="wrong"))
    # Of the two errors, 4060 and 18456, pymssql shows the number of the graver, and ODBC its text.
    tally.expect_error("(18456, ", lambda: connect(database="nowhere"))
    return tally


def odbc(server: str, words: str) -> Tally:
    shown = ";".join(word.split("=")[0] if "/" in word else word for word in words.split(";"))
    tally = Tally("ODBC", "", f"server {server}, {shown}")
    import mssql_python

    mssql_python.pooling(enabled=False)

    def connect(user=LOGIN, password=PASSWORD, database="every_type"):
        return mssql_python.connect(
            f"Server=localhost,{PORTS[server]};Database={database};UID={user};PWD={password};{words}"
        )

    with connect() as connection:
        cursor = connection.cursor()
        tally.read_every_type(cursor)
        tally.read_many_rows(cursor)
        tally.leave_in_the_middle(connection)
        send_parameters(tally, cursor)
        tally.expect_error("Invalid object name 'nowhere'", lambda: cursor.execute("SELECT * FROM nowhere"))
        cursor.execute("SELECT 8")
        tally.check(cursor.fetchall()[0][0] == 8, "a statement after an error")
    tally.expect_error(f"Login failed for user '{LOGIN}'", lambda: connect(password="wrong"))
    tally.expect_error(f"Login failed for user '{LOGIN}'", lambda: connect(database="nowhere"))
    return tally


def send_parameters(tally: Tally, cursor) -> None:
    """Values there and back as parameters; the driver prepares such statements."""
    values = [
        1,
        -(2**63),
        "제품 é 😀",
        "x" * 5000,
        b"\x00\xff",
        Decimal("-1234567890.0123456789"),
        1.5,
        date(2024, 2, 29),
        datetime(2024, 2, 29, 12, 34, 56, 123456),
        True,
        uuid.UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ]
    for _ in range(2):
        for value in values:
            cursor.execute("SELECT ?, ?", (value, 7))
            read = tuple(cursor.fetchall()[0])
            tally.check(read == (value, 7), f"parameter {value!r:.60} came back as {read!r:.60}")


def main() -> int:
    os.environ["FREETDSCONF"] = str(DIRECTORY / "freetds.conf")
    os.environ["SSL_CERT_FILE"] = str(CA)
    good = True
    for client, ways in ((freetds, FREETDS), (odbc, ODBC)):
        for way in ways:
            try:
                good &= client(*way).report()
            except Exception as error:  # noqa: BLE001: whatever it is, the other ways are tried as well.
                print(f"FAILED {client.__name__} {way[:2]}: {type(error).__name__}: {error}")
                good = False
    print("Known inexactnesses of the clients:")
    for known in KNOWN:
        print(f"  {known.seen} values: {known.reason}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
