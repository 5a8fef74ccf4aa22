"""What must hold of a measurement matrix for recovery."""
