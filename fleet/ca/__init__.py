"""The fleet's private certificate authority: who terminals, brokers and backends are on the wire (wire contract, 2)."""
