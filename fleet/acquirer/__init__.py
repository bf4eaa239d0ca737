"""The acquirer's side of the backend: the port, the table of channel codes, and a simulator behind the port."""
