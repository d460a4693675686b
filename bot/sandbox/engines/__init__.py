"""What can write an answer: one module per engine, imported only when it is chosen."""
