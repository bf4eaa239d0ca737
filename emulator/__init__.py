"""The hardware of a virtual terminal, played by another process, with its web page and HTTP API."""
