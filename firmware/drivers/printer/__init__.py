"""The thermal printer: rows to ESC/POS bytes, bytes to the device, and proof of what got on paper (decisions 19)."""
