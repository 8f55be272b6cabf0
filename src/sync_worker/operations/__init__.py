"""What operators do: replay, redrive, reconcile, approve holds, reset positions."""
