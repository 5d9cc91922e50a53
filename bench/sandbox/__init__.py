"""What it costs to run a hook in a locked process of its own, beside the same hook in this one and a bare echo."""
