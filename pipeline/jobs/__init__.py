"""What makes, judges or changes a warehouse; it returns what happened, and prints nothing."""
