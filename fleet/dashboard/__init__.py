"""The fleet manager's dashboard: pages drawn on the server, over a store that is only read."""
