"""The drill: the incidents of the run book, staged on real parts, as an operator sees them."""
