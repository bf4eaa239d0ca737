"""Keypad and scanner: one input thread that turns bytes of devices into `KeyPressed`, `KeyHeld` and `Scanned`."""
