"""Public test vectors and our own tables of what this program says to each of them."""
