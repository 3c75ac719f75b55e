//! Contract suites, generators and fixture loaders for Mercato's own tests.
