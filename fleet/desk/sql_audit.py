"""Who did what to whom and why: rows that are only ever added, each with the hash over itself and the one before."""

import hashlib
from typing import Any

import msgspec
import sqlalchemy as sa

from fleet.admin import Audit, AuditRow, Policy
from fleet.desk.tables import audit, policy
from fleet.sql_dialect import put

GENESIS = "0" * 64


class AuditBooks:
    """The audit within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def add(self, at_ms: int, who: str, role: str, what: str, subject: str, why: str, detail: str) -> None:
        last = self._db.execute(
            sa.select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
        ).first()
        number, prev = (last.number + 1, last.hash) if last else (1, GENESIS)
        fields = (at_ms, who, role, what, subject, why, detail)
        hash_hex = audit_hash(prev, number, *fields)
        names = ("at_ms", "who", "role", "what", "subject", "why", "detail")
        self._db.execute(sa.insert(audit), dict(zip(names, fields, strict=True)) | {"number": number, "hash": hash_hex})

    def seen(self, asked: Audit) -> tuple[list[AuditRow], bool]:
        """Rows, newest first, and whether the hash of each fits."""
        query = sa.select(audit).order_by(audit.c.number.desc()).limit(asked.limit)
        for wanted, there in ((asked.who, audit.c.who), (asked.what, audit.c.what), (asked.subject, audit.c.subject)):
            if wanted:
                query = query.where(there == wanted)
        if asked.before:
            query = query.where(audit.c.number < asked.before)
        rows = [_row(each) for each in self._db.execute(query)]
        before = {each.number - 1 for each in rows}
        prevs = dict(self._hashes(before)) | {0: GENESIS}
        return rows, all(_is_whole(each, prevs.get(each.number - 1, "")) for each in rows)

    def _hashes(self, numbers: set[int]) -> list[tuple[int, str]]:
        query = sa.select(audit.c.number, audit.c.hash).where(audit.c.number.in_(sorted(numbers)))
        return [(row.number, row.hash) for row in self._db.execute(query)]


class PolicyBooks:
    """The rules of the house within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection

    def get(self) -> Policy:
        body = self._db.execute(sa.select(policy.c.body).where(policy.c.name == "policy")).scalar()
        return msgspec.json.decode(body, type=Policy) if body else Policy()

    def put(self, row: Policy) -> None:
        put(self._db, policy, {"name": "policy", "body": msgspec.json.encode(row)})


def audit_hash(prev: str, number: int, *fields: object) -> str:
    """SHA-256 over the hash before and everything of the row."""
    text = "\n".join([prev, str(number), *(str(each).replace("\\", "\\\\").replace("\n", "\\n") for each in fields)])
    return hashlib.sha256(text.encode()).hexdigest()


def _is_whole(row: AuditRow, prev: str) -> bool:
    fields = (row.at_ms, row.who, row.role, row.what, row.subject, row.why, row.detail)
    return bool(prev) and audit_hash(prev, row.number, *fields) == row.hash


def _row(row: Any) -> AuditRow:
    return AuditRow(**row._mapping)
