"""Roll-outs: settings or software to a few terminals, then more, stopped and taken back by themselves (wire contract, 4)."""
