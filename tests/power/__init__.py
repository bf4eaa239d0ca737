"""Power cuts: what a card holds after one, at any moment of a run, must open and must hold all that was acknowledged."""
