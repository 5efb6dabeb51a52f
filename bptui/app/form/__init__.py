"""The form that shows a whole experiment as texts and makes a new one of them."""
