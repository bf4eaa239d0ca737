"""`posprov`, the field agent's tool: makes a terminal ready in a back room. Nothing is here yet but the room itself."""
