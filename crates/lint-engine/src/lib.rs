//! Chooses rules, runs them over roots and fragments, gathers the outcome.
