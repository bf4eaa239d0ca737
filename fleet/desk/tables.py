"""Tables of the desk; portable statements only, so that they are the same on SQLite and PostgreSQL."""

import sqlalchemy as sa

from fleet.sql_dialect import partial
from fleet.sql_tables import column, key, table

register = table(
    "fleet_register",
    key("terminal", sa.Text),
    column("shop", sa.Text), column("grp", sa.Text), column("tags", sa.Text), column("note", sa.Text),
    column("retired", sa.Integer), column("changed_ms", sa.Integer),
)  # fmt: skip
sa.Index("fleet_register_by_shop", register.c.shop, register.c.terminal)
sa.Index("fleet_register_by_group", register.c.grp, register.c.terminal)

documents = table("fleet_documents", key("sha256", sa.Text), column("body", sa.LargeBinary))

layers = table(
    "fleet_layers",
    key("layer", sa.Text), key("number", sa.Integer),
    column("sha256", sa.Text), column("parent", sa.Text), column("who", sa.Text), column("why", sa.Text),
    column("at_ms", sa.Integer), column("newest", sa.Integer),
)  # fmt: skip

desired = table(
    "fleet_desired",
    key("terminal", sa.Text),
    column("rev", sa.Integer), column("sha256", sa.Text), column("rollout", sa.Integer), column("at_ms", sa.Integer),
    column("expires_ms", sa.Integer), column("due_ms", sa.Integer), column("sent_ms", sa.Integer),
)  # fmt: skip
partial("fleet_desired_due", desired.c.due_ms, where=desired.c.due_ms > 0)

pushes = table(
    "fleet_pushes",
    key("rev", sa.Integer),
    column("at_ms", sa.Integer), column("who", sa.Text), column("why", sa.Text), column("kind", sa.Text),
    column("terminals", sa.Integer), column("rollout", sa.Integer),
)  # fmt: skip

pushed = table(
    "fleet_pushed",
    key("terminal", sa.Text), key("rev", sa.Integer),
    column("sha256", sa.Text), column("before", sa.Text),
)  # fmt: skip
sa.Index("fleet_pushed_by_rev", pushed.c.rev, pushed.c.terminal)

lots = table("fleet_lots", key("rev", sa.Integer), key("place", sa.Integer), column("body", sa.LargeBinary))
"""Of pushes that are being given: what is left."""

reported = table(
    "fleet_reported",
    key("terminal", sa.Text),
    column("body", sa.LargeBinary), column("desired_rev", sa.Integer), column("rev", sa.Integer),
    column("status", sa.Text), column("got_ms", sa.Integer), column("changed_ms", sa.Integer),
)  # fmt: skip

passages = table(
    "fleet_passages",
    key("terminal", sa.Text), key("what", sa.Text), key("at_ms", sa.Integer),
    column("detail", sa.Text),
)  # fmt: skip
sa.Index("fleet_passages_by_time", passages.c.what, passages.c.at_ms)

met = table(
    "fleet_met",
    key("terminal", sa.Text), key("slot", sa.Integer),
    column("got_ms", sa.Integer), column("body", sa.LargeBinary),
)  # fmt: skip

orders = table(
    "fleet_orders",
    key("cid", sa.Text),
    column("batch", sa.Text), column("terminal", sa.Text), column("name", sa.Text), column("text", sa.LargeBinary),
    column("status", sa.Text), column("who", sa.Text), column("why", sa.Text), column("issued_ms", sa.Integer),
    column("expires_ms", sa.Integer), column("answered_ms", sa.Integer), column("reply", sa.LargeBinary),
    column("parts_all", sa.Integer), column("due_ms", sa.Integer), column("sent_ms", sa.Integer),
    column("waiting", sa.Integer),
)  # fmt: skip
sa.Index("fleet_orders_by_terminal", orders.c.terminal, orders.c.issued_ms)
sa.Index("fleet_orders_by_batch", orders.c.batch, orders.c.terminal)
sa.Index("fleet_orders_by_time", orders.c.issued_ms)
partial("fleet_orders_due", orders.c.due_ms, where=orders.c.due_ms > 0)
partial("fleet_orders_waiting", orders.c.expires_ms, where=orders.c.waiting > 0)

parts = table("fleet_parts", key("cid", sa.Text), key("part", sa.Integer), column("data", sa.LargeBinary))

dealt = table(
    "fleet_dealt",
    key("terminal", sa.Text), key("epoch", sa.Integer), key("seq", sa.Integer), key("digest", sa.Text),
    column("at_ms", sa.Integer), column("who", sa.Text), column("note", sa.Text),
)  # fmt: skip

audit = table(
    "fleet_audit",
    key("number", sa.Integer),
    column("at_ms", sa.Integer), column("who", sa.Text), column("role", sa.Text), column("what", sa.Text),
    column("subject", sa.Text), column("why", sa.Text), column("detail", sa.Text), column("hash", sa.Text),
)  # fmt: skip
sa.Index("fleet_audit_by_subject", audit.c.subject, audit.c.number)

policy = table("fleet_policy", key("name", sa.Text), column("body", sa.LargeBinary))

rollouts = table(
    "fleet_rollouts",
    key("number", sa.Integer),
    column("state", sa.Text), column("live", sa.Integer), column("body", sa.LargeBinary), column("stage", sa.Integer),
    column("size", sa.Integer), column("who", sa.Text), column("why", sa.Text), column("started_ms", sa.Integer),
    column("changed_ms", sa.Integer), column("approved_by", sa.Text), column("grown_ms", sa.Integer),
    column("baking_ms", sa.Integer), column("verdict", sa.Text),
)  # fmt: skip

rollout_terminals = table(
    "fleet_rollout_terminals",
    key("rollout", sa.Integer), key("terminal", sa.Text),
    column("place", sa.Integer), column("state", sa.Text), column("live", sa.Integer), column("before", sa.Text),
    column("target", sa.Text), column("rev", sa.Integer), column("cid", sa.Text), column("pushed_ms", sa.Integer),
    column("settled_ms", sa.Integer), column("reason", sa.Text),
)  # fmt: skip
sa.Index("fleet_rollout_terminals_by_place", rollout_terminals.c.rollout, rollout_terminals.c.place)
partial(
    "fleet_rollout_terminals_unreverted", rollout_terminals.c.rollout, where=rollout_terminals.c.state == "unreverted"
)
partial("fleet_rollout_terminals_live", rollout_terminals.c.terminal, where=rollout_terminals.c.live > 0)

rollout_notes = table(
    "fleet_rollout_notes",
    key("rollout", sa.Integer), key("number", sa.Integer),
    column("at_ms", sa.Integer), column("what", sa.Text), column("detail", sa.Text), column("who", sa.Text),
)  # fmt: skip


def _keep(it: sa.Table) -> None:
    """Let the database itself refuse to change or drop a row of a history; PostgreSQL is told so by its migrations."""
    for verb in ("update", "delete"):
        trigger = (
            f"CREATE TRIGGER {it.name}_no_{verb} BEFORE {verb.upper()} ON {it.name} "
            f"BEGIN SELECT RAISE(ABORT, '{it.name} is only ever added to'); END"
        )
        statement = sa.DDL(trigger)  # type: ignore[no-untyped-call]
        sa.event.listen(it, "after_create", statement.execute_if(dialect="sqlite"))


for _history in (audit, dealt, pushes, pushed, rollout_notes):
    _keep(_history)
