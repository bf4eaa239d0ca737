"""The desk's part of the store on SQLAlchemy Core: portable statements only, the same class on both databases."""

import sqlalchemy as sa

from fleet.desk.sql_audit import AuditBooks, PolicyBooks
from fleet.desk.sql_faults import FaultBooks
from fleet.desk.sql_heard import HeardBooks
from fleet.desk.sql_orders import OrderBooks
from fleet.desk.sql_register import RegisterBooks
from fleet.desk.sql_settings import SettingsBooks
from fleet.rollouts.sql import RolloutBooks


class FleetBooks:
    """All that the desk keeps, within one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self.register = RegisterBooks(connection)
        self.settings = SettingsBooks(connection)
        self.orders = OrderBooks(connection)
        self.heard = HeardBooks(connection)
        self.rollouts = RolloutBooks(connection)
        self.audit = AuditBooks(connection)
        self.policy = PolicyBooks(connection)
        self.faults = FaultBooks(connection)
