"""Pruning: which weights stay, by what score, and what that does to the loss."""
