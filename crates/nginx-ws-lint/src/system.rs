//! What systems do in their own ways, apart from opening files ([`crate::disk::handle`]). All functions are there for each
//! system, and nothing else in this program asks which one it is.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;
