"""The administrators' page: what people see and press in a browser."""
