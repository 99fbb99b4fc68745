//! Files that may not be replaced, and what is kept of those that may.
