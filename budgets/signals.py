"""What the Budget tool tells the floors above, without knowing them."""

from django.dispatch import Signal

# Sent inside the transaction that changed a budget, with `budget` (locked) and `now`.
budget_changed = Signal()

# Sent inside the transaction that made or ended a request, with `request`.
request_told = Signal()
