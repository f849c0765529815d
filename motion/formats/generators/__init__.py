"""What generators and trackers write."""
