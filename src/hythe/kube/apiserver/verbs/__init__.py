"""One module for each verb. A handler takes a `Call` and answers it; what it cannot do it raises as ApiError."""
