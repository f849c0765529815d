"""Self-consuming loops on toy data: 2-D distributions and small images."""
