"""What people read: the first screen in words and numbers."""
