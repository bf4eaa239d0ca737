"""A deterministic world around the real terminal and the real backend's core: troubled shop days, judged by witnesses."""
