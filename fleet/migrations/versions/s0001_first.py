"""The whole schema, as it stood when the backend learned PostgreSQL (the same as SQLite's version 8)."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE conflicts (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
        hash TEXT COLLATE "C" NOT NULL, raw BYTEA NOT NULL, got_ms BIGINT NOT NULL,
        PRIMARY KEY (terminal, epoch, seq, hash)
    )
    """,
    """
    CREATE TABLE epochs (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, journal_key TEXT COLLATE "C" NOT NULL,
        number BIGINT NOT NULL, upto BIGINT NOT NULL, high BIGINT NOT NULL, asked_ms BIGINT NOT NULL,
        PRIMARY KEY (terminal, epoch)
    )
    """,
    """
    CREATE TABLE events (
        terminal TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL, code BIGINT NOT NULL,
        mode TEXT COLLATE "C" NOT NULL, count BIGINT NOT NULL, first_ms BIGINT NOT NULL,
        last_ms BIGINT NOT NULL, when_ms BIGINT NOT NULL, got_ms BIGINT NOT NULL,
        clock TEXT COLLATE "C" NOT NULL, shop TEXT COLLATE "C" NOT NULL, software TEXT COLLATE "C" NOT NULL,
        settings_rev BIGINT NOT NULL, boot_id TEXT COLLATE "C" NOT NULL, operator TEXT COLLATE "C" NOT NULL,
        subject TEXT COLLATE "C" NOT NULL, attempt BIGINT NOT NULL, reason TEXT COLLATE "C" NOT NULL,
        steps TEXT COLLATE "C" NOT NULL, lost BIGINT NOT NULL, PRIMARY KEY (terminal, id, code)
    )
    """,
    "CREATE INDEX events_by_time ON events (when_ms, code)",
    """
    CREATE TABLE fleet_audit (
        number BIGINT NOT NULL, at_ms BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL,
        role TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL, subject TEXT COLLATE "C" NOT NULL,
        why TEXT COLLATE "C" NOT NULL, detail TEXT COLLATE "C" NOT NULL, hash TEXT COLLATE "C" NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    "CREATE INDEX fleet_audit_by_subject ON fleet_audit (subject, number)",
    """
    CREATE TABLE fleet_desired (
        terminal TEXT COLLATE "C" NOT NULL, rev BIGINT NOT NULL, sha256 TEXT COLLATE "C" NOT NULL,
        rollout BIGINT NOT NULL, at_ms BIGINT NOT NULL, expires_ms BIGINT NOT NULL, due_ms BIGINT NOT NULL,
        sent_ms BIGINT NOT NULL, PRIMARY KEY (terminal)
    )
    """,
    "CREATE INDEX fleet_desired_due ON fleet_desired (due_ms) WHERE due_ms > 0",
    """
    CREATE TABLE fleet_documents (
        sha256 TEXT COLLATE "C" NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (sha256)
    )
    """,
    """
    CREATE TABLE fleet_layers (
        layer TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, sha256 TEXT COLLATE "C" NOT NULL,
        parent TEXT COLLATE "C" NOT NULL, who TEXT COLLATE "C" NOT NULL, why TEXT COLLATE "C" NOT NULL,
        at_ms BIGINT NOT NULL, newest BIGINT NOT NULL, PRIMARY KEY (layer, number)
    )
    """,
    """
    CREATE TABLE fleet_met (
        terminal TEXT COLLATE "C" NOT NULL, slot BIGINT NOT NULL, got_ms BIGINT NOT NULL, body BYTEA NOT NULL,
        PRIMARY KEY (terminal, slot)
    )
    """,
    """
    CREATE TABLE fleet_orders (
        cid TEXT COLLATE "C" NOT NULL, batch TEXT COLLATE "C" NOT NULL, terminal TEXT COLLATE "C" NOT NULL,
        name TEXT COLLATE "C" NOT NULL, text BYTEA NOT NULL, status TEXT COLLATE "C" NOT NULL,
        who TEXT COLLATE "C" NOT NULL, why TEXT COLLATE "C" NOT NULL, issued_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL, answered_ms BIGINT NOT NULL, reply BYTEA NOT NULL,
        parts_all BIGINT NOT NULL, due_ms BIGINT NOT NULL, sent_ms BIGINT NOT NULL, waiting BIGINT NOT NULL,
        PRIMARY KEY (cid)
    )
    """,
    "CREATE INDEX fleet_orders_by_batch ON fleet_orders (batch, terminal)",
    "CREATE INDEX fleet_orders_by_terminal ON fleet_orders (terminal, issued_ms)",
    "CREATE INDEX fleet_orders_by_time ON fleet_orders (issued_ms)",
    "CREATE INDEX fleet_orders_due ON fleet_orders (due_ms) WHERE due_ms > 0",
    "CREATE INDEX fleet_orders_waiting ON fleet_orders (expires_ms) WHERE waiting > 0",
    """
    CREATE TABLE fleet_parts (
        cid TEXT COLLATE "C" NOT NULL, part BIGINT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (cid, part)
    )
    """,
    """
    CREATE TABLE fleet_passages (
        terminal TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL, at_ms BIGINT NOT NULL,
        detail TEXT COLLATE "C" NOT NULL, PRIMARY KEY (terminal, what, at_ms)
    )
    """,
    "CREATE INDEX fleet_passages_by_time ON fleet_passages (what, at_ms)",
    """
    CREATE TABLE fleet_policy (
        name TEXT COLLATE "C" NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE fleet_pushed (
        terminal TEXT COLLATE "C" NOT NULL, rev BIGINT NOT NULL, sha256 TEXT COLLATE "C" NOT NULL,
        before TEXT COLLATE "C" NOT NULL, PRIMARY KEY (terminal, rev)
    )
    """,
    "CREATE INDEX fleet_pushed_by_rev ON fleet_pushed (rev, terminal)",
    """
    CREATE TABLE fleet_pushes (
        rev BIGINT NOT NULL, at_ms BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL,
        why TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, terminals BIGINT NOT NULL,
        rollout BIGINT NOT NULL, PRIMARY KEY (rev)
    )
    """,
    """
    CREATE TABLE fleet_register (
        terminal TEXT COLLATE "C" NOT NULL, shop TEXT COLLATE "C" NOT NULL, grp TEXT COLLATE "C" NOT NULL,
        tags TEXT COLLATE "C" NOT NULL, note TEXT COLLATE "C" NOT NULL, retired BIGINT NOT NULL,
        changed_ms BIGINT NOT NULL, PRIMARY KEY (terminal)
    )
    """,
    "CREATE INDEX fleet_register_by_group ON fleet_register (grp, terminal)",
    "CREATE INDEX fleet_register_by_shop ON fleet_register (shop, terminal)",
    """
    CREATE TABLE fleet_reported (
        terminal TEXT COLLATE "C" NOT NULL, body BYTEA NOT NULL, desired_rev BIGINT NOT NULL,
        rev BIGINT NOT NULL, status TEXT COLLATE "C" NOT NULL, got_ms BIGINT NOT NULL,
        changed_ms BIGINT NOT NULL, PRIMARY KEY (terminal)
    )
    """,
    """
    CREATE TABLE fleet_rollout_notes (
        rollout BIGINT NOT NULL, number BIGINT NOT NULL, at_ms BIGINT NOT NULL, what TEXT COLLATE "C" NOT NULL,
        detail TEXT COLLATE "C" NOT NULL, who TEXT COLLATE "C" NOT NULL, PRIMARY KEY (rollout, number)
    )
    """,
    """
    CREATE TABLE fleet_rollout_terminals (
        rollout BIGINT NOT NULL, terminal TEXT COLLATE "C" NOT NULL, place BIGINT NOT NULL,
        state TEXT COLLATE "C" NOT NULL, live BIGINT NOT NULL, before TEXT COLLATE "C" NOT NULL,
        target TEXT COLLATE "C" NOT NULL, rev BIGINT NOT NULL, cid TEXT COLLATE "C" NOT NULL,
        pushed_ms BIGINT NOT NULL, settled_ms BIGINT NOT NULL, reason TEXT COLLATE "C" NOT NULL,
        PRIMARY KEY (rollout, terminal)
    )
    """,
    "CREATE INDEX fleet_rollout_terminals_by_place ON fleet_rollout_terminals (rollout, place)",
    "CREATE INDEX fleet_rollout_terminals_live ON fleet_rollout_terminals (terminal) WHERE live > 0",
    """
    CREATE TABLE fleet_rollouts (
        number BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL, live BIGINT NOT NULL, body BYTEA NOT NULL,
        stage BIGINT NOT NULL, size BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL,
        why TEXT COLLATE "C" NOT NULL, started_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
        approved_by TEXT COLLATE "C" NOT NULL, grown_ms BIGINT NOT NULL, baking_ms BIGINT NOT NULL,
        verdict TEXT COLLATE "C" NOT NULL, PRIMARY KEY (number)
    )
    """,
    """
    CREATE TABLE found_sales (
        key TEXT COLLATE "C" NOT NULL, terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL,
        seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (key, terminal, epoch, seq)
    )
    """,
    """
    CREATE TABLE leases (
        name TEXT COLLATE "C" NOT NULL, holder TEXT COLLATE "C" NOT NULL, until_ms BIGINT NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE movements (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, batch BIGINT NOT NULL, seq BIGINT NOT NULL,
        PRIMARY KEY (terminal, epoch, batch, seq)
    )
    """,
    """
    CREATE TABLE payments (
        order_no TEXT COLLATE "C" NOT NULL, terminal TEXT COLLATE "C" NOT NULL,
        channel TEXT COLLATE "C" NOT NULL, amount_fen BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL,
        code BIGINT NOT NULL, channel_no TEXT COLLATE "C" NOT NULL, paid_fen BIGINT NOT NULL,
        got_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL, call BIGINT NOT NULL, busy_until_ms BIGINT NOT NULL,
        reversal_wanted BIGINT NOT NULL, PRIMARY KEY (order_no)
    )
    """,
    """
    CREATE TABLE quarantine (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
        digest TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL, raw BYTEA NOT NULL,
        got_ms BIGINT NOT NULL, PRIMARY KEY (terminal, epoch, seq, digest)
    )
    """,
    """
    CREATE TABLE record_days (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, day BIGINT NOT NULL,
        first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL, gone BIGINT NOT NULL,
        PRIMARY KEY (terminal, epoch, day)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX record_days_by_day ON record_days (day)",
    """
    CREATE TABLE records (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
        kind TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, at_ms BIGINT NOT NULL,
        clock TEXT COLLATE "C" NOT NULL, body BYTEA NOT NULL, prev TEXT COLLATE "C" NOT NULL,
        hash TEXT COLLATE "C" NOT NULL, got_ms BIGINT NOT NULL
    ) PARTITION BY RANGE (got_ms)
    """,
    """
    CREATE TABLE refunds (
        refund_no TEXT COLLATE "C" NOT NULL, order_no TEXT COLLATE "C" NOT NULL,
        terminal TEXT COLLATE "C" NOT NULL, channel TEXT COLLATE "C" NOT NULL, amount_fen BIGINT NOT NULL,
        reason TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL, code BIGINT NOT NULL,
        channel_refund_no TEXT COLLATE "C" NOT NULL, got_ms BIGINT NOT NULL, changed_ms BIGINT NOT NULL,
        call BIGINT NOT NULL, busy_until_ms BIGINT NOT NULL, asked BIGINT DEFAULT '0' NOT NULL,
        PRIMARY KEY (refund_no)
    )
    """,
    "CREATE INDEX refunds_by_order ON refunds (order_no)",
    """
    CREATE TABLE reservations (
        reserve_no TEXT COLLATE "C" NOT NULL, asker TEXT COLLATE "C" NOT NULL,
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
        quantities BYTEA NOT NULL, total_fen BIGINT NOT NULL, state TEXT COLLATE "C" NOT NULL,
        code BIGINT NOT NULL, got_ms BIGINT NOT NULL, tenders BYTEA NOT NULL, PRIMARY KEY (reserve_no)
    )
    """,
    "CREATE INDEX reservations_by_sale ON reservations (terminal, epoch, seq)",
    """
    CREATE TABLE returns (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
        sale_terminal TEXT COLLATE "C" NOT NULL, sale_epoch BIGINT NOT NULL, sale_seq BIGINT NOT NULL,
        quantities BYTEA NOT NULL, total_fen BIGINT NOT NULL, reserve_no TEXT COLLATE "C" NOT NULL,
        PRIMARY KEY (terminal, epoch, seq)
    )
    """,
    "CREATE INDEX returns_by_reserve ON returns (reserve_no)",
    "CREATE INDEX returns_by_sale ON returns (sale_terminal, sale_epoch, sale_seq)",
    """
    CREATE TABLE terminals (
        terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, acked_seq BIGINT NOT NULL,
        state BYTEA NOT NULL, state_ms BIGINT NOT NULL, seen_ms BIGINT NOT NULL, PRIMARY KEY (terminal)
    )
    """,
    """
    CREATE TABLE voucher_deals (
        platform TEXT COLLATE "C" NOT NULL, deal_id TEXT COLLATE "C" NOT NULL, shop TEXT COLLATE "C" NOT NULL,
        source TEXT COLLATE "C" NOT NULL, deal BYTEA NOT NULL, got_ms BIGINT NOT NULL,
        PRIMARY KEY (platform, deal_id, shop, source)
    )
    """,
    """
    CREATE TABLE voucher_platforms (
        platform TEXT COLLATE "C" NOT NULL, shop TEXT COLLATE "C" NOT NULL, code BIGINT NOT NULL,
        software_min TEXT COLLATE "C" NOT NULL, asked_ms BIGINT NOT NULL, got_ms BIGINT NOT NULL,
        PRIMARY KEY (platform, shop)
    )
    """,
    """
    CREATE TABLE voucher_uses (
        request_no TEXT COLLATE "C" NOT NULL, terminal TEXT COLLATE "C" NOT NULL, batch BIGINT NOT NULL,
        trace BIGINT NOT NULL, platform TEXT COLLATE "C" NOT NULL, shop TEXT COLLATE "C" NOT NULL,
        digest TEXT COLLATE "C" NOT NULL, seen TEXT COLLATE "C" NOT NULL, ref TEXT COLLATE "C" NOT NULL,
        handle BYTEA NOT NULL, undo_handle BYTEA NOT NULL, code_sealed BYTEA NOT NULL,
        last4 TEXT COLLATE "C" NOT NULL, deal_id TEXT COLLATE "C" NOT NULL, title TEXT COLLATE "C" NOT NULL,
        kind TEXT COLLATE "C" NOT NULL, count BIGINT NOT NULL, amount_fen BIGINT NOT NULL,
        basis_fen BIGINT NOT NULL, operator TEXT COLLATE "C" NOT NULL, state TEXT COLLATE "C" NOT NULL,
        code BIGINT NOT NULL, record_no TEXT COLLATE "C" NOT NULL, consumed BIGINT NOT NULL,
        paid_fen BIGINT NOT NULL, platform_fen BIGINT NOT NULL, merchant_fen BIGINT NOT NULL,
        raw BYTEA NOT NULL, undo_until_ms BIGINT NOT NULL, undo_code BIGINT NOT NULL,
        undo_wanted BIGINT NOT NULL, doubt BIGINT NOT NULL, got_ms BIGINT NOT NULL, used_ms BIGINT NOT NULL,
        changed_ms BIGINT NOT NULL, call BIGINT NOT NULL, busy_until_ms BIGINT NOT NULL, due_ms BIGINT NOT NULL,
        tries BIGINT NOT NULL, told TEXT COLLATE "C" NOT NULL, news BIGINT NOT NULL,
        detail TEXT COLLATE "C" NOT NULL, PRIMARY KEY (request_no)
    )
    """,
    "CREATE INDEX voucher_uses_by_code ON voucher_uses (digest)",
    "CREATE INDEX voucher_uses_by_scan ON voucher_uses (seen)",
    "CREATE INDEX voucher_uses_due ON voucher_uses (due_ms) WHERE due_ms > 0",
    "CREATE INDEX voucher_uses_news ON voucher_uses (terminal) WHERE news > 0",
    """
    CREATE TABLE vouchers_prepared (
        ref TEXT COLLATE "C" NOT NULL, terminal TEXT COLLATE "C" NOT NULL, platform TEXT COLLATE "C" NOT NULL,
        shop TEXT COLLATE "C" NOT NULL, digest TEXT COLLATE "C" NOT NULL, seen TEXT COLLATE "C" NOT NULL,
        handle BYTEA NOT NULL, last4 TEXT COLLATE "C" NOT NULL, deal_id TEXT COLLATE "C" NOT NULL,
        title TEXT COLLATE "C" NOT NULL, kind TEXT COLLATE "C" NOT NULL, count BIGINT NOT NULL,
        min_count BIGINT NOT NULL, face_fen BIGINT NOT NULL, basis_fen BIGINT NOT NULL, got_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL, PRIMARY KEY (ref)
    )
    """,
    "CREATE INDEX vouchers_prepared_by_end ON vouchers_prepared (expires_ms)",
)

HISTORIES = ("fleet_audit", "fleet_pushes", "fleet_pushed", "fleet_rollout_notes")
ADDED_ONLY = """
    CREATE FUNCTION fleet_added_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    """Make every table. Days of `records` are made by the server."""
    for statement in TABLES:
        op.execute(statement)
    op.execute(ADDED_ONLY)
    for name in HISTORIES:
        op.execute(
            f"CREATE TRIGGER {name}_kept BEFORE UPDATE OR DELETE ON {name} "
            "FOR EACH ROW EXECUTE FUNCTION fleet_added_only()"
        )


def downgrade() -> None:
    """There is nothing before it."""
    raise NotImplementedError("restore a copy: the first step has none before it")
