"""The fleet: the reference backend (`core` decides, `ingest` is its MQTT edge) and the manager's tool `posfleet`."""
