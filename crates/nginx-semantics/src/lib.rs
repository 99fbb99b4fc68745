//! Many nginx files into one configuration: what is in effect where.
