"""The kernel: events in and out, the unit of work, receipts, timers, effects, logs."""
