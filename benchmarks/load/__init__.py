"""Our load generator: thousands of terminals in one process, each a few KiB, over the real wire.

`python -m benchmarks.load --help` drives it by hand, `benchmarks.load_*` measure the goals with it. A simulated terminal
keeps a journal with a true hash chain, sends it as the firmware does (packets, credit, resend, back-off with jitter) and
knows at the end which of its records the backend must have: `benchmarks.load.audit` looks for each of them in the store.
"""
