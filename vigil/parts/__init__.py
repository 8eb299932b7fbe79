"""What runs as processes of its own, a module each: whoever starts one imports what it needs, and nothing else."""
