"""A batch of raw documents in, Arrow tables out; pure, without I/O."""
