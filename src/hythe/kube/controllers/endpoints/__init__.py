"""EndpointSlices and Endpoints: where a Service's traffic may go."""
