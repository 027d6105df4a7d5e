"""Plans and their execution: everything that simulates submits rows (variant, draw, luck)."""
