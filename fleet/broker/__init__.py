"""Configurations of MQTT brokers as files: a listener for terminals that holds each to its own topics, and a private one
for backends (wire contract, 1.2 and 2)."""
