"""Every performance figure we claim, measured again by one command, as ratios to a limit or a peer in the same run."""
