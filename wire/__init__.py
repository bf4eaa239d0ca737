"""What travels: between terminal and backend, daemon and virtual hardware, terminal and paper. Pure."""
