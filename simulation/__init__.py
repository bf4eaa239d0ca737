"""The deterministic world: shop days with faults and power cuts in simulated time, and the auditor who checks them."""
